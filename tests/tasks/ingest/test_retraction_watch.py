"""Retraction Watch's CSV: which notices count, and by which names."""

import pytest

from tasks.errors import SourceError
from tasks.ingest.retraction_watch import read_retractions

COLUMNS = (
    "Record ID,Title,Author,RetractionDate,RetractionDOI,RetractionPubMedID,"
    "OriginalPaperDOI,OriginalPaperPubMedID,RetractionNature,Reason"
)


def read(*rows: str, columns: str = COLUMNS) -> list[tuple[str, str, str]]:
    found = read_retractions([columns + "\n", *(row + "\n" for row in rows)], "watch.csv")
    return [(w.source, w.source_id, w.notice) for w in found]


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ("1,T,A,1/1/2026 0:00,10.5555/n,0,10.5555/A,990001,Retraction,+x;",
         [("doi", "10.5555/a", "10.5555/n"), ("pubmed", "990001", "10.5555/n")]),
        ("2,T,A,1/1/2026 0:00,unavailable,0,10.5555/b,0,Retraction,",
         [("doi", "10.5555/b", "Retraction Watch 2")]),
        ("3,T,A,1/1/2026 0:00,10.5555/n,7,Unavailable,990003,Retraction,", [("pubmed", "990003", "10.5555/n")]),
        ("4,T,A,1/1/2026 0:00,,,,,Retraction,", []),
        ("5,T,A,1/1/2026 0:00,10.5555/n,0,10.5555/e,990005,Expression of concern,", []),
        ("6,T,A,1/1/2026 0:00,10.5555/n,0,10.5555/f,990006,Correction,", []),
        ('7,"T, with\na line",A,1/1/2026 0:00,10.5555/n,0,10.5555/g,0,Retraction,',
         [("doi", "10.5555/g", "10.5555/n")]),
    ],
)  # fmt: skip
def test_a_retraction_is_known_by_every_name_that_it_gives(row: str, names: list[tuple[str, str, str]]) -> None:
    assert read(row) == names


def test_a_reinstated_paper_is_not_retracted_in_whichever_order_the_notices_come() -> None:
    retraction = "1,T,A,1/1/2025 0:00,10.5555/n,0,10.5555/a,990001,Retraction,"
    reinstatement = "2,T,A,1/1/2026 0:00,10.5555/m,0,10.5555/A,0,Reinstatement,"  # known by its DOI alone
    other = "3,T,A,1/1/2026 0:00,10.5555/o,0,10.5555/b,0,Retraction,"
    for rows in ((retraction, reinstatement, other), (reinstatement, other, retraction)):
        assert read(*rows) == [("doi", "10.5555/b", "10.5555/o")]


@pytest.mark.parametrize("columns", ["a,b", "", COLUMNS.replace("RetractionNature", "Nature")])
def test_a_file_of_another_kind_is_refused_with_the_columns_that_it_lacks(columns: str) -> None:
    with pytest.raises(SourceError, match="RetractionNature") as refused:
        read(columns=columns)
    assert "ROUNDS_RETRACTIONS" in refused.value.fix
