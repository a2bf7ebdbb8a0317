"""Recall on fictional notes; the floors lie below what was measured (docs/experiments.md)."""

import pytest

from benchmarks.phi import NOTES, notes
from tasks.phi.detection import Detector
from tasks.phi.evaluation import evaluate


@pytest.mark.parametrize(("folder", "recall", "kept"), [("tuned", 0.98, 0.99), ("unseen", 0.89, 0.97)])
def test_identifiers_of_clinical_notes_are_found_and_medicine_survives(
    detector: Detector, folder: str, recall: float, kept: float
) -> None:
    evaluation = evaluate(notes(NOTES / folder), detector.find)
    assert evaluation.spans.total() > 400
    assert evaluation.recall.value > recall
    assert evaluation.kept.total() / evaluation.keep.total() > kept
