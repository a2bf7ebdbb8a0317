"""How fast answers came: seconds of the middle and of the slowest twentieth, tokens per second.

Seconds are wall-clock time of one answer on the machine that gave it, prompt included; answers of another machine, or
that came beside others, are not comparable. An item that did not fit the context was never asked and is left out.
"""

from collections.abc import Sequence

from tasks.records import Estimate
from tasks.scoring.answering import AnswerRow
from tasks.scoring.derived import derived_interval, quantile_interval, ratio


def speed(rows: Sequence[AnswerRow], groups: Sequence[str]) -> dict[str, Estimate]:
    """Return p50 and p95 of the seconds per answer, and tokens per second over all answers; empty if none was asked.

    Tokens per second are left out where no time passed.
    """
    asked = [(row, group) for row, group in zip(rows, groups, strict=True) if row.finish_reason != "too_long"]
    if not asked:
        return {}
    seconds = [row.time_seconds for row, _ in asked]
    measured = {f"seconds_p{share}": quantile_interval(seconds, share / 100) for share in (50, 95)}
    if min(seconds) > 0:
        columns = {"tokens": [float(row.completion_tokens) for row, _ in asked], "seconds": seconds}
        measured["tokens_per_second"] = derived_interval(columns, [group for _, group in asked], ratio)
    return measured
