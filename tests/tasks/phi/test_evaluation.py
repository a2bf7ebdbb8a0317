"""Recall, precision and keep rate, against counts made by hand."""

from pathlib import Path

import pytest

from tasks.errors import SourceError
from tasks.phi.evaluation import Annotated, Span, annotated_rows, evaluate
from tasks.records import PhiFinding

TEXT = "Brask, MRN 447-12, Crohn disease"


def finding(start: int, end: int, category: str) -> PhiFinding:
    return PhiFinding(category=category, start=start, end=end, score=0.9, recognizer="made up")


def row(*spans: tuple[int, int, str], text: str = TEXT) -> Annotated:
    return Annotated("1", text, [Span(*span) for span in spans])


def test_span_is_found_only_if_every_letter_and_digit_is_covered() -> None:
    annotated = row((0, 5, "NAME"), (11, 17, "MRN"))
    for findings, found in [
        ([finding(0, 5, "NAME"), finding(11, 17, "MRN")], 2),
        ([finding(0, 4, "NAME"), finding(11, 17, "MRN")], 1),
        ([finding(0, 5, "GEO")], 1),  # under another category: what matters is what is left
        ([finding(11, 14, "MRN"), finding(15, 17, "OTHER_ID")], 1),  # the dash is no letter
        ([], 0),
    ]:
        recall = evaluate([annotated], lambda _, f=findings: f).recall
        assert (recall.hit, recall.of) == (found, 2)


def test_every_figure_of_a_small_corpus() -> None:
    rows = [
        row((0, 5, "NAME"), (19, 32, "KEEP_DISEASE")),
        row((0, 5, "X_UNSURE"), text="Brask rests"),
        row(text="No one"),
        row((0, 3, "KEEP_GENE"), text="TP53"),
    ]
    found = {
        TEXT: [finding(0, 5, "NAME"), finding(19, 24, "NAME")],
        "Brask rests": [finding(0, 5, "NAME")],
        "No one": [finding(0, 2, "GEO")],
        "TP53": [],
    }
    figures = evaluate(rows, lambda text: found[text]).figures()

    def share(name: str) -> tuple[int, int]:
        return figures[name]["hit"], figures[name]["of"]

    assert share("recall") == (1, 1)
    assert share("leak_rate") == (0, 1)
    assert share("precision") == (1, 3)  # the disease and "No" are wrong; the unsure span does not count
    assert share("hard_negatives_hit") == (2, 3)
    assert share("keep_rate") == (1, 2)
    assert figures["keep"]["KEEP_DISEASE"]["hit"] == 0
    assert figures["categories"]["NAME"]["value"] == 0.5
    # 1 of 1: lower bound n / (n + z²) with z = 1.96
    assert figures["recall"]["low"] == pytest.approx(1 / (1 + 1.959964**2), abs=1e-4)


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"text": "Brask"}',
        '{"text": "Brask", "spans": [{"start": 0, "end": 9, "label": "NAME"}]}',
        '{"text": "Brask", "spans": [{"start": 3, "end": 3, "label": "NAME"}]}',
        '{"text": "Brask", "spans": [{"start": 0, "label": "NAME"}]}',
    ],
)
def test_line_that_is_no_annotated_text_is_named_by_number(tmp_path: Path, line: str) -> None:
    corpus = tmp_path / "corpus.jsonl"
    corpus.write_text('{"id": "a", "text": "ok", "spans": []}\n\n' + line + "\n")
    with pytest.raises(SourceError, match="line 3") as caught:
        list(annotated_rows(corpus))
    assert "Brask" not in str(caught.value)
