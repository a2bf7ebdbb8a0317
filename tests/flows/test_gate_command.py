"""`rounds gate calibrate` on answers in files."""

import json
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from flows import cli
from tests.tasks.scoring.test_calibration import answered


@pytest.fixture
def files(data_dir: Path, tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "base.jsonl", tmp_path / "tuned.jsonl"
    for path, right, seed in zip(paths, (0.5, 0.55), (1, 2), strict=True):
        path.write_bytes(b"".join(orjson.dumps(row.model_dump()) + b"\n" for row in answered(60, right, seed)))
    return paths


def calibrate(*arguments: str) -> tuple[int, str, str]:
    ended = CliRunner().invoke(cli.app, ["gate", "calibrate", "--simulations", "20", *arguments])
    return ended.exit_code, ended.stdout, " ".join(ended.stderr.split())


def test_two_answer_sets_give_a_table_figures_and_a_plot(files: tuple[Path, Path], tmp_path: Path) -> None:
    base, tuned = map(str, files)
    to = tmp_path / "calibration"
    code, out, err = calibrate("--answers", base, "--answers", tuned, "--sizes", "100,200", "--to", str(to))
    assert code == 0, err

    assert "60 paired items of 60 groups" in err
    assert "share of false promotions" in out
    figures = json.loads((to / "calibration.json").read_text(encoding="utf-8"))
    assert {one["items"] for one in figures["outcomes"] if one["gain"] == 0} == {100, 200}
    assert (to / "calibration.svg").read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--answers", "{base}"), "1 sets of answers were given"),
        (("--answers", "{base}", "--answers", "{base}"), "two different models"),
        (("--answers", "{base}", "--answers", "{base}.gone"), "There is no file base.jsonl.gone"),
        (("--answers", "{base}", "--answers", "{broken}"), "ends in the middle of a line"),
        (("--answers", "{base}", "--answers", "{other}"), "only one of two models"),
        (("--sizes", "many"), "no list of numbers"),
    ],
)
def test_what_cannot_be_calibrated_is_explained(
    arguments: tuple[str, ...], words: str, files: tuple[Path, Path], tmp_path: Path
) -> None:
    lines = files[1].read_bytes().splitlines(keepends=True)
    (tmp_path / "broken.jsonl").write_bytes(b"".join(lines)[:-9])
    (tmp_path / "other.jsonl").write_bytes(b"".join(lines[:-1]))
    places = {"base": files[0], "broken": tmp_path / "broken.jsonl", "other": tmp_path / "other.jsonl"}
    code, _, err = calibrate(*(argument.format(**places) for argument in arguments))
    assert code != 0
    assert words in err
    assert "Fix:" in err
    assert (tmp_path / "broken.jsonl").read_bytes() == b"".join(lines)[:-9]  # it is nobody's log
