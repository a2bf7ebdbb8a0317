"""Objects come back one by one from lines, arrays and objects; a fault is named, what stood before it stays."""

import gzip
import io
import tracemalloc
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.errors import SourceError
from tasks.ingest import json_rows as module
from tasks.ingest.intake import Intake
from tasks.ingest.json_rows import NUMBERED, json_rows

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(st.text(max_size=4), VALUE, max_size=3), min_size=1, max_size=8)


def rows(path: Path) -> tuple[list[tuple[str, Any]], Intake]:
    intake = Intake()
    return list(json_rows(path, intake, source="test", fix="give another file")), intake


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@QUICK
@given(objects=OBJECTS, piece=st.integers(1, 40), indent=st.booleans(), zipped=st.booleans())
def test_an_array_gives_its_objects_whatever_the_pieces_are(
    tmp_path: Path, objects: list[Any], piece: int, indent: bool, zipped: bool
) -> None:
    content = b"\xef\xbb\xbf " + orjson.dumps(objects, option=orjson.OPT_INDENT_2 if indent else None) + b"\n"
    path = written(tmp_path / "a.json", gzip.compress(content) if zipped else content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "PIECE", piece)
        found, intake = rows(path)
    assert [row for _, row in found] == objects
    assert not intake.rejected


@QUICK
@given(objects=OBJECTS, cut=st.floats(0, 1, exclude_max=True))
def test_a_cut_array_gives_the_objects_before_the_cut_and_counts_the_rest_once(
    tmp_path: Path, objects: list[Any], cut: float
) -> None:
    content = orjson.dumps(objects)
    path = written(tmp_path / "a.json", content[: max(1, int(len(content) * cut))])
    try:
        found, intake = rows(path)
    except SourceError:
        return
    assert [row for _, row in found] == objects[: len(found)]
    assert intake.rejected.total() == 1
    assert "item" in intake.warnings[0]


@QUICK
# A first object of numbered objects is the form of PubMedQA, not a line.
@given(objects=OBJECTS.filter(lambda given: not NUMBERED.match(orjson.dumps(given[0]))))
def test_lines_give_their_objects(tmp_path: Path, objects: list[Any]) -> None:
    found, _ = rows(written(tmp_path / "a.json", b"\n\n".join(map(orjson.dumps, objects))))
    assert [row for _, row in found] == objects
    assert found[0][0] == "a.json:1"


def test_members_by_number_come_with_their_numbers(tmp_path: Path) -> None:
    found, _ = rows(written(tmp_path / "a.json", b'{\n "7": {"a": 1}, "8": {"b": "}"}}'))
    assert found == [("7", {"a": 1}), ("8", {"b": "}"})]


def test_an_object_whose_keys_are_no_numbers_is_a_line(tmp_path: Path) -> None:
    assert rows(written(tmp_path / "a.json", b'{"x7": {"a": 1}}'))[0] == [("a.json:1", {"x7": {"a": 1}})]


BROKEN = [
    (b'[{"a": 1}, 12, {"b": 2}]', 2, 1, "item 2"),
    (b'[{"a": 1} {"b": 2}]', 1, 1, "beyond item 2; the 1 before it were kept"),
    (b'[{"a": 1}, {"b": Secr', 1, 1, "beyond item 2; the 1 before it were kept"),
    (b'[{"a": 1}, {"b": Secr}, {"c": 3}]', 1, 1, "beyond item 2; the 1 before it were kept"),
    (b'[{"a": 1}, ' + b"[" * 100_000, 1, 1, "beyond item 2; the 1 before it were kept"),
    (b'[{"a": 1}, {"b": 2}', 2, 1, "beyond item 3; the 2 before it were kept"),
    (b'[{"a": 1}, {"b": 2}}', 2, 1, "beyond item 3; the 2 before it were kept"),
    (b'{"7": {"a": 1}, Secr', 1, 1, "beyond item 2; the 1 before it were kept"),
]


@pytest.mark.parametrize(("content", "kept", "rejected", "named"), BROKEN)
def test_what_is_no_object_is_counted_and_named(
    tmp_path: Path, content: bytes, kept: int, rejected: int, named: str
) -> None:
    found, intake = rows(written(tmp_path / "a.json", content))
    assert len(found) == kept
    assert intake.rejected == {"malformed item": rejected}
    assert named in intake.warnings[0]
    assert "Secr" not in intake.warnings[0]


@pytest.mark.parametrize("after", [b"Secr", b"]", b',{"b": 2}', b'\n{"b": 2}', b'[{"b": 2}]', b"\0"])
@pytest.mark.parametrize("content", [b'[{"a": 1}]', b'{"7": {"a": 1}}'])
def test_text_after_the_end_is_counted_and_named(tmp_path: Path, content: bytes, after: bytes) -> None:
    found, intake = rows(written(tmp_path / "a.json", content + after))
    assert [row for _, row in found] == [{"a": 1}]
    assert intake.rejected == {"text after the array": 1}
    (warning,) = intake.warnings
    assert "after the end of its array or object; the 1 before it were kept" in warning
    assert "Secr" not in warning


def test_white_space_after_the_end_is_nothing(tmp_path: Path) -> None:
    found, intake = rows(written(tmp_path / "a.json", b'[{"a": 1}] \r\n\t\n'))
    assert len(found) == 1
    assert not intake.rejected
    assert not intake.warnings


def test_items_that_are_no_objects_do_not_count_as_kept(tmp_path: Path) -> None:
    _, intake = rows(written(tmp_path / "a.json", b'[{"a": 1}, 12, {"b": 2}, no]'))
    assert intake.rejected == {"malformed item": 2}
    assert "beyond item 4; the 2 before it were kept" in intake.warnings[1]


@pytest.mark.parametrize("content", [b"[1, 2]", b"[", b"no\n", b"[no]", b'{"a'])
def test_a_file_without_objects_is_a_source_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(SourceError, match=r"a\.json.*Fix: give another file"):
        rows(written(tmp_path / "a.json", content))


@pytest.mark.parametrize("content", [b"", b"[]", b" [ ] ", b"\n\n"])
def test_an_empty_file_has_no_rows(tmp_path: Path, content: bytes) -> None:
    assert rows(written(tmp_path / "a.json", content))[0] == []


def test_memory_does_not_grow_with_an_array(tmp_path: Path) -> None:
    row = orjson.dumps({"text": "tea " * 2000})
    with gzip.open(tmp_path / "a.json.gz", "wb", compresslevel=1) as file:
        buffered = io.BufferedWriter(file)  # type: ignore[arg-type]
        buffered.write(b"[" + row)
        for _ in range(4000):
            buffered.write(b"," + row)
        buffered.write(b"]")
        buffered.flush()
    tracemalloc.start()
    count = sum(1 for _ in json_rows(tmp_path / "a.json.gz", Intake(), source="test", fix=""))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4001
    assert peak < 12_000_000  # of 32 MB
