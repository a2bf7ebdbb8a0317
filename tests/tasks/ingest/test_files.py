"""Folders, patterns and paths become fingerprinted files, each content once."""

import hashlib
from pathlib import Path

import pytest

from tasks.errors import SourceError
from tasks.ingest.files import fingerprint_files


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    for name in ("b.xml", "a.xml.gz", "paper.nxml", "notes.txt", "more/c.xml", "set.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path


def names(paths: list[str], root: Path) -> list[str]:
    return [str(Path(f.path).relative_to(root)) for f in fingerprint_files(paths)]


EXPANSIONS = [
    ([""], ["a.xml.gz", "b.xml", "more/c.xml"], "a folder stands for its PubMed files, not for full texts"),
    (["*.xml"], ["b.xml"], "a pattern"),
    (["**/*.xml"], ["b.xml", "more/c.xml"], "a pattern over folders"),
    (["*.jsonl"], ["set.jsonl"], "a pattern may name other kinds"),
    (["notes.txt", "b.xml"], ["notes.txt", "b.xml"], "a named file is taken as it is, in the order given"),
    (["b.xml", ""], ["b.xml", "a.xml.gz", "more/c.xml"], "no file twice"),
    (["*.none"], [], "an inbox without news"),
]


@pytest.mark.parametrize(("paths", "expected", "why"), EXPANSIONS)
def test_expansion(inbox: Path, paths: list[str], expected: list[str], why: str) -> None:
    assert names([str(inbox / path) if path else str(inbox) for path in paths], inbox) == expected, why


def test_the_fingerprint_is_of_the_content(inbox: Path) -> None:
    (file,) = fingerprint_files([str(inbox / "b.xml")])
    assert file.sha256 == hashlib.sha256(b"b.xml").hexdigest()
    assert file.bytes == 5


def test_a_copy_under_another_name_is_one_file(inbox: Path) -> None:
    (inbox / "copy.xml").write_text("b.xml", encoding="utf-8")
    assert "copy.xml" not in names([str(inbox)], inbox)


@pytest.mark.parametrize("path", ["none.xml", "none/*.xml", "none"])
def test_a_missing_path_is_a_source_error_with_a_fix(inbox: Path, path: str) -> None:
    with pytest.raises(SourceError, match="does not exist") as caught:
        fingerprint_files([str(inbox / path)])
    assert caught.value.fix


def test_names_with_brackets_are_files_before_they_are_patterns(inbox: Path) -> None:
    (inbox / "[1].xml").write_text("x", encoding="utf-8")
    assert names([str(inbox / "[1].xml")], inbox) == ["[1].xml"]
