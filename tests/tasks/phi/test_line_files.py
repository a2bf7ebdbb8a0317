"""Files of JSON lines: order, refused lines, several processes, and nothing half-written."""

import json
from pathlib import Path

import pytest

from tasks.errors import PrivacyError, SourceError, StorageError
from tasks.phi import line_files
from tasks.phi.line_files import redact_file, rejects_of
from tasks.phi.lines import MAX_BYTES
from tasks.phi.redaction import Redactor
from tasks.phi.setup import Setup, setup_of

pytestmark = pytest.mark.usefixtures("data_dir")


@pytest.fixture
def setup(data_dir: Path) -> Setup:
    return setup_of("rules", "placeholder")


def write(file: Path, count: int) -> Path:
    rows = ({"id": n, "text": f"Case {n}: Dr. Quillon Brask gave {n} mg. MRN: {4_471_000 + n}"} for n in range(count))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def ids(file: Path) -> list[int]:
    return [json.loads(line)["id"] for line in file.read_text().splitlines()]


@pytest.mark.parametrize("workers", [1, 2])
def test_lines_keep_their_order_whatever_the_processes(
    tmp_path: Path, setup: Setup, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_files, "CHUNK_BYTES", 2_000)
    source = write(tmp_path / "in.jsonl", 300)
    seen: list[int] = []
    told = redact_file(source, tmp_path / "out.jsonl", setup, workers=workers, progress=seen.append)
    assert ids(tmp_path / "out.jsonl") == list(range(300))
    assert "Brask" not in (tmp_path / "out.jsonl").read_text()
    assert (told.lines, told.bytes, told.rejects.total) == (300, source.stat().st_size, 0)
    assert told.findings == {"NAME": 300, "MRN": 300}
    assert told.risk == {"high": 300}
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert seen[-1] == source.stat().st_size
    assert not rejects_of(tmp_path / "out.jsonl").exists()


def test_refused_lines_are_named_by_number_and_nothing_else_is_lost(tmp_path: Path, setup: Setup) -> None:
    source = tmp_path / "in.jsonl"
    long = b'{"id": 4, "text": "' + b"Brask " * (MAX_BYTES // 5) + b'"}\n'
    good = b'{"id": %d, "text": "Take 5 mg."}\n'
    source.write_bytes(good % 1 + b'{"id": 2, "text": "\xff"}\n' + b"\n" + good % 3 + long + good % 5 + b'{"id": 6}')
    target = tmp_path / "out.jsonl"
    told = redact_file(source, target, setup)
    assert ids(target) == [1, 3, 5]
    assert [json.loads(line) for line in rejects_of(target).read_text().splitlines()] == [
        {"line": 2, "reason": "not UTF-8 at byte 19"},
        {"line": 5, "reason": "longer than 8 MiB"},
        {"line": 7, "reason": "no field `text`"},
    ]
    assert told.rejects.reasons == {"not UTF-8": 1, "longer than 8 MiB": 1, "no field `text`": 1}
    assert told.bytes == source.stat().st_size
    redact_file(write(source, 2), target, setup)
    assert not rejects_of(target).exists(), "an older file of refused lines is gone"


def test_recognizer_that_raises_stops_and_leaves_the_target_as_it_was(
    tmp_path: Path, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Redactor, "redact_texts", fail)
    target = tmp_path / "out.jsonl"
    target.write_text("before")
    with pytest.raises(PrivacyError):
        redact_file(write(tmp_path / "in.jsonl", 3), target, setup)
    assert target.read_text() == "before"
    assert [p.name for p in tmp_path.iterdir() if "out" in p.name] == ["out.jsonl"]


def fail(*_: object) -> None:
    raise PrivacyError("A recognizer failed.", fix="correct it")


def test_source_that_is_not_there_is_explained(tmp_path: Path, setup: Setup) -> None:
    with pytest.raises(SourceError):
        redact_file(tmp_path / "none.jsonl", tmp_path / "out.jsonl", setup)
    with pytest.raises(StorageError):
        redact_file(write(tmp_path / "in.jsonl", 1), tmp_path / "no folder" / "out.jsonl", setup)
