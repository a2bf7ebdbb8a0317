"""One bad file of several is rejected; several bad ones and no good one are an error."""

from pathlib import Path

import pytest

from tasks.errors import SourceError, SourceUnavailable
from tasks.ingest.files import fingerprint_files
from tasks.ingest.intake import Intake
from tasks.ingest.papers import collect_documents
from tasks.ingest.tolerance import Tolerance
from tasks.sample.abstracts import write_pubmed_xml


def test_one_page_among_citations_is_rejected_and_the_citations_are_taken(tmp_path: Path) -> None:
    write_pubmed_xml(tmp_path / "b.xml", seed=1, count=5)
    for name, content in (("a.xml", "<html><body>No.</body></html>"), ("c.xml", ""), ("d.xml", "{}")):
        (tmp_path / name).write_text(content)
    intake = Intake()
    rows = list(collect_documents(sorted(tmp_path.iterdir()), intake))
    assert len(rows) == 5 - intake.rejected["no abstract"]
    assert intake.rejected["unreadable file"] == 3
    assert {Path(r.where).name for r in intake.rejects() if r.reason == "unreadable file"} == {
        "a.xml",
        "c.xml",
        "d.xml",
    }
    assert len(intake.warnings) == 3


def test_where_no_file_can_be_read_the_first_one_is_named(tmp_path: Path) -> None:
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(SourceError, match=r"a\.xml is JSON"):
        list(collect_documents(sorted(tmp_path.iterdir()), Intake()))


def test_a_service_that_is_down_is_no_bad_file() -> None:
    with pytest.raises(SourceUnavailable), Tolerance("x", 5, Intake()).of(Path("a")):
        raise SourceUnavailable("down", fix="wait")


@pytest.mark.parametrize("path", ["~nosuchuser/x", "x" * 300, "in\0x"])
def test_what_is_no_path_is_explained(path: str) -> None:
    with pytest.raises(SourceError):
        fingerprint_files([path])


def test_a_name_that_is_no_text_does_not_stop_a_reading(tmp_path: Path) -> None:
    write_pubmed_xml(tmp_path / "b.xml", seed=1, count=5)
    bad = tmp_path / b"\xff\xfe.xml".decode(errors="surrogateescape")
    bad.write_bytes(b"{}")
    intake = Intake()
    assert list(collect_documents([bad, tmp_path / "b.xml"], intake))
    assert next(intake.rejects()).where.endswith("\\udcff\\udcfe.xml")
