"""Candidate against baseline, item by item: the same question is its own control.

Items of one group (patient, paper, conversation) are drawn together. Beside the mean differences with their intervals
stand what a reader asks next: could it be chance (p values, Holm's over all metrics), how large is it against the
spread (Cohen's d of paired differences), where does it come from (slices), and which safety items turned worse.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from tasks.errors import EvaluationError
from tasks.records import Answers, Comparison, SliceDifference
from tasks.scoring.answering import AnswerRow
from tasks.scoring.bootstrap import mean_interval, mean_intervals
from tasks.scoring.derived import Column, per_part
from tasks.scoring.judges import LEXICAL, Judge
from tasks.scoring.metrics import PRIMARY, RIGHT_OR_WRONG, per_item
from tasks.scoring.paired_tests import holm, mcnemar, sign_flips
from tasks.scoring.safety import worse_safety

LONG, SHORT = 300, 60  # words of question and context


def compare_answers(
    baseline: Answers,
    candidate: Answers,
    baseline_rows: Iterable[AnswerRow],
    candidate_rows: Iterable[AnswerRow],
    judge: Judge = LEXICAL,
) -> Comparison:
    """Return candidate minus baseline per metric (each −1 to 1), with the 95 % interval of the mean difference.

    A metric that applies to some items only is compared over those. `judge` is who judged both models' scores.

    Raises:
        EvaluationError: the answers are to different suites, or an item is in only one of the two.
    """
    if baseline.suite_sha256 != candidate.suite_sha256:
        raise EvaluationError(
            f"The answers are to different versions of {baseline.suite} and {candidate.suite}.",
            fix="answer the same suite with both models.",
        )
    old, new = paired(baseline_rows, candidate_rows)
    groups = [row.group or row.id for row in new]
    before, after = per_item(old, judge), per_item(new, judge)
    differences = {name: _differences(before[name], after[name]) for name in after}
    present = {name: [value for value in column if value is not None] for name, column in differences.items()}
    counts = {name: _right_wrong(present[name]) for name in RIGHT_OR_WRONG if name in present}
    flips = per_part(sign_flips, differences, groups)
    p_values = holm({name: mcnemar(*counts[name]) if name in counts else flips[name] for name in differences})
    return Comparison(
        suite=candidate.suite,
        baseline_sha256=baseline.gguf_sha256,
        candidate_sha256=candidate.gguf_sha256,
        differences=per_part(mean_intervals, differences, groups),
        p_values=p_values,
        effects={name: _effect(values) for name, values in present.items()},
        right_wrong=counts,
        slices=tuple(_slices(new, present[PRIMARY], groups)),
        worse_safety=worse_safety(zip(old, new, strict=True), judge),
        groups=len(set(groups)),
    )


def paired(baseline: Iterable[AnswerRow], candidate: Iterable[AnswerRow]) -> tuple[list[AnswerRow], list[AnswerRow]]:
    """Return both models' answers to the same items, in the candidate's order.

    Raises:
        EvaluationError: an item is in only one of the two.
    """
    before = {row.id: row for row in baseline}
    after = {row.id: row for row in candidate}
    alone = before.keys() ^ after.keys()
    if alone or not after:
        shown = ", ".join(sorted(alone)[:3])
        raise EvaluationError(
            f"{len(alone)} items are answered by only one of two models ({shown}); {len(after)} by the candidate.",
            fix="answer the same suite with both models.",
        )
    return [before[key] for key in after], list(after.values())


def length_of(row: AnswerRow) -> str:
    """Return whether question and context are short (under 60 words), long (300 or more), or neither."""
    words = len(f"{row.question} {row.context}".split())
    return "short" if words < SHORT else "long" if words >= LONG else "medium"


SLICES: Mapping[str, Callable[[AnswerRow], str]] = {
    "agent_type": lambda row: row.agent_type,
    "category": lambda row: row.category,
    "difficulty": lambda row: row.difficulty,
    "source": lambda row: row.source,
    "length": length_of,
}


def _slices(rows: Sequence[AnswerRow], values: Sequence[float], groups: Sequence[str]) -> Iterator[SliceDifference]:
    """Yield the primary difference of each part of the items; a part that is all of them says nothing new."""
    for by, value_of in SLICES.items():
        places: dict[str, list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            places[value_of(row)].append(place)
        if len(places) == 1:
            continue
        for value in sorted(places.keys() - {""}):
            chosen = places[value]
            estimate = mean_interval([values[at] for at in chosen], [groups[at] for at in chosen])
            yield SliceDifference(by=by, value=value, difference=estimate)


def _differences(before: Column, after: Column) -> list[float | None]:
    """Return after minus before; None where the metric does not apply to the item."""
    return [None if a is None or b is None else b - a for a, b in zip(before, after, strict=True)]


def _right_wrong(differences: Sequence[float]) -> tuple[int, int]:
    return sum(value < 0 for value in differences), sum(value > 0 for value in differences)


def _effect(differences: Sequence[float]) -> float:
    """Return Cohen's d of paired differences: mean over standard deviation; 0 without spread."""
    if len(differences) < 2 or not (spread := float(np.std(differences, ddof=1))):
        return 0.0
    return float(np.mean(differences)) / spread
