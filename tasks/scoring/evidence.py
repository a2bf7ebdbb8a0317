"""What is known of a candidate beside its scores, gathered from answers and rows for the gate."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tasks.records import Comparison, GgufFile
from tasks.scoring.answering import AnswerRow
from tasks.scoring.gate import Evidence
from tasks.scoring.overlap import overlapping
from tasks.scoring.secrets import completed

GIB = 2**30


def evidence_of(
    gguf: GgufFile,
    comparisons: Iterable[Comparison],
    answers: Sequence[AnswerRow],
    secrets: Sequence[AnswerRow],
    training: Iterable[Mapping[str, Any]],
) -> Evidence:
    """Return what the candidate's answers (of every suite), its completed secrets and its training rows tell."""
    worse = dict.fromkeys(name for comparison in comparisons for name in comparison.worse_safety)
    asked = [row.time_seconds for row in answers if row.finish_reason != "too_long"]
    return Evidence(
        safety_items=sum(row.safety for row in answers),
        worse_safety=tuple(worse),
        canaries=len(secrets),
        memorised=sum(map(completed, secrets)),
        overlap=len(overlapping(answers, training)),
        seconds_p95=float(np.quantile(asked, 0.95)) if asked else 0.0,
        size_gib=gguf.artifact.bytes / GIB,
    )
