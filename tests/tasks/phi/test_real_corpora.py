"""Recall and survival on published corpora; the floors lie below what was measured (docs/experiments.md)."""

import json
import os
from pathlib import Path

import pytest

from tasks.phi.detection import Detector

ROOT = os.environ.get("ROUNDS_REAL_DATA", "")
pytestmark = pytest.mark.skipif(not ROOT, reason="ROUNDS_REAL_DATA is not set")


def marks(detector: Detector, text: str) -> bytearray:
    covered = bytearray(len(text))
    for finding in detector.find(text):
        covered[finding.start : finding.end] = b"\1" * (finding.end - finding.start)
    return covered


def lines(name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (Path(ROOT) / "phi" / f"{name}.jsonl").read_text().splitlines()]


def test_recall_on_clinical_queries(detector: Detector) -> None:
    found = total = 0
    for row in lines("asq_phi_dev"):
        text = str(row["text"])
        covered = marks(detector, text)
        for span in row["spans"]:  # type: ignore[attr-defined]
            total += 1
            found += all(covered[i] or not text[i].isalnum() for i in range(span["start"], span["end"]))
    assert found / total > 0.97


@pytest.mark.parametrize("name", ["keep_ncbi_disease_dev", "keep_bc5cdr_chem_dev", "keep_bc2gm_dev"])
def test_medical_words_survive(detector: Detector, name: str) -> None:
    kept = total = 0
    for row in lines(name):
        covered = marks(detector, str(row["text"]))
        for span in row["spans"]:  # type: ignore[attr-defined]
            total += 1
            kept += not any(covered[span["start"] : span["end"]])
    assert kept / total > 0.995
