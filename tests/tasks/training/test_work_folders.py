import os
import time
from pathlib import Path

from tasks.training.work_folders import remove_abandoned


def run_in(folder: Path, name: str, *ages_days: float) -> Path:
    """Make a run's folder of nested files written so long ago; the folders themselves are older still."""
    (folder / name / "checkpoint-4").mkdir(parents=True)
    for number, age in enumerate(ages_days):
        file = folder / name / "checkpoint-4" / str(number)
        file.touch()
        os.utime(file, (time.time() - age * 86_400,) * 2)
    for path in (folder / name / "checkpoint-4", folder / name):
        os.utime(path, (time.time() - 99 * 86_400,) * 2)
    return folder / name


def test_only_runs_that_nobody_writes_to_any_more_are_removed(tmp_path: Path) -> None:
    run_in(tmp_path, "run-old", 20, 15)
    run_in(tmp_path, "run-going-on", 20, 0.1)
    run_in(tmp_path, "run-just-inside", 13.9)
    run_in(tmp_path, "run-this", 50)
    run_in(tmp_path, "other", 50)
    assert remove_abandoned(tmp_path, keep="run-this") == ["run-old"]
    assert {path.name for path in tmp_path.iterdir()} == {"run-going-on", "run-just-inside", "run-this", "other"}


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = run_in(tmp_path / "elsewhere", "run-kept", 50)
    work = tmp_path / "work"
    work.mkdir()
    (work / "run-link").symlink_to(target)
    os.utime(work / "run-link", (0, 0), follow_symlinks=False)
    remove_abandoned(work, keep="")
    assert (target / "checkpoint-4" / "0").exists()


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert remove_abandoned(tmp_path / "absent", keep="") == []
