import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.errors import ConfigError
from tasks.phi import engine
from tasks.phi.engine import engine_version


def parts(version: str) -> dict[str, str]:
    return {part.rpartition("-")[0]: part.rpartition("-")[2] for part in version.split("+")}


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copied = tmp_path / "phi"
    shutil.copytree(engine.STAGE, copied, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(engine, "STAGE", copied)
    engine._own_parts.cache_clear()
    return copied


def test_version_names_libraries_rules_and_lists() -> None:
    named = parts(engine_version())
    assert set(named) == {"presidio-analyzer", "phonenumbers", "python-stdnum", "rules", "lists"}
    assert all(re.fullmatch(r"[0-9a-f]{12}", named[digest]) for digest in ("rules", "lists"))


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize(("file", "changed"), [("engine.py", "rules"), ("lists.yaml", "lists"), ("new.csv", "lists")])
def test_changed_source_changes_its_own_digest_alone(stage: Path, file: str, changed: str) -> None:
    before = parts(engine_version())
    with (stage / file).open("a", encoding="utf-8") as target:
        target.write("\n# more\n")
    engine._own_parts.cache_clear()
    after = parts(engine_version())
    assert {part for part in after if after[part] != before[part]} == {changed}


def test_strict_mode_names_its_model_by_content(tmp_path: Path) -> None:
    model = tmp_path / "tagger"
    model.mkdir()
    (model / "weights").write_bytes(b"1")
    before = parts(engine_version("strict", model))
    (model / "weights").write_bytes(b"2")  # trained anew while this process runs
    after = parts(engine_version("strict", model))
    assert set(before) == {*parts(engine_version()), "numpy", "spacy", "tagger", "reader"}
    assert {part for part in after if after[part] != before[part]} == {"tagger"}


def test_further_recognizers_are_named_by_their_file(tmp_path: Path) -> None:
    extra = tmp_path / "recognizers.yaml"
    extra.write_text("recognizers: []")
    before = parts(engine_version("rules", None, extra))
    assert set(before) == {*parts(engine_version()), "extra"}
    extra.write_text("recognizers: [{}]")
    engine._own_parts.cache_clear()
    after = parts(engine_version("rules", None, extra))
    assert {part for part in after if after[part] != before[part]} == {"extra"}
    with pytest.raises(ConfigError):
        engine_version("rules", None, tmp_path / "none.yaml")


@pytest.mark.usefixtures("stage")
@pytest.mark.parametrize("file", ["review.py", "tagger/training.py", "sql/cases.sql", "pool.py"])
def test_what_finds_nothing_is_no_part_of_the_engine(stage: Path, file: str) -> None:
    before = engine_version()
    with (stage / file).open("a", encoding="utf-8") as target:
        target.write("\n-- more\n")
    engine._own_parts.cache_clear()
    assert engine_version() == before


def test_strict_mode_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        engine_version("strict")
    with pytest.raises(ConfigError):
        engine_version("strict", tmp_path / "none")


def test_no_library_is_imported_for_it() -> None:
    code = (
        "import sys; from tasks.phi.engine import engine_version; engine_version();"
        "sys.exit(bool({'presidio_analyzer', 'spacy', 'phonenumbers'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=engine.STAGE.parents[1]).returncode == 0
