"""Candidate against baseline, item by item: the same question is its own control."""

from collections.abc import Iterable

from tasks.errors import EvaluationError
from tasks.records import Answers, Comparison
from tasks.scoring.answering import AnswerRow
from tasks.scoring.bootstrap import mean_intervals
from tasks.scoring.metrics import per_item


def compare_answers(
    baseline: Answers, candidate: Answers, baseline_rows: Iterable[AnswerRow], candidate_rows: Iterable[AnswerRow]
) -> Comparison:
    """Return candidate minus baseline per metric (each −1 to 1), with the 95 % interval of the mean difference.

    Raises:
        EvaluationError: the answers are to different suites, or an item is in only one of the two.
    """
    if baseline.suite_sha256 != candidate.suite_sha256:
        raise EvaluationError(
            f"The answers are to different versions of {baseline.suite} and {candidate.suite}.",
            fix="answer the same suite with both models.",
        )
    return Comparison(
        suite=candidate.suite,
        baseline_sha256=baseline.gguf_sha256,
        candidate_sha256=candidate.gguf_sha256,
        differences=mean_intervals(paired_differences(baseline_rows, candidate_rows)),
    )


def paired_differences(baseline: Iterable[AnswerRow], candidate: Iterable[AnswerRow]) -> dict[str, list[float]]:
    """Return candidate minus baseline as columns: metric → one value an item, in the candidate's order.

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
    old, new = per_item([before[key] for key in after]), per_item(list(after.values()))
    return {name: [b - a for a, b in zip(old[name], new[name], strict=True)] for name in new}
