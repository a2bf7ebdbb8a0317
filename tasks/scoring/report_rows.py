"""The report's rows: how many came in, where they were left out, and what was redacted."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from tasks.records import MEMORY_CANARIES
from tasks.scoring.report_input import ReportInput


class Bar(NamedTuple):
    """A labelled count and its length in per cent of the longest."""

    label: str
    rows: int
    percent: float
    note: str = ""


def rows_view(report: ReportInput) -> dict[str, Any] | None:
    """Return the funnel, the counts by source and the reasons for leaving out; None if nothing was looked at."""
    if not report.readings:
        return None
    came_in = _summed((reading.source, reading.held) for reading in report.readings)
    taken = _summed((reading.source, reading.taken) for reading in report.readings)
    certified = _summed((shard.source, shard.rows) for shard in report.redacted)
    stages = [
        ("Came in", sum(came_in.values()), "read from the sources"),
        ("Taken", taken.total(), "passed the filters"),
        ("Redacted", certified.total(), "certified free of identifiers"),
    ]
    if report.dataset:
        examples = f"{report.dataset.id}, examples: a paper makes several"
        if secrets := report.dataset.sources.get(MEMORY_CANARIES):
            examples += f"; {secrets} are made-up secrets, planted to see what is memorised"
        stages.append(("In the dataset", sum(report.dataset.examples.values()), examples))
        stages.append(("Trained on", report.dataset.examples.get("train", 0), "the rest is held out"))
    kept = report.dataset.sources if report.dataset else {}
    return {
        "funnel": _bars(stages),
        "sources": [
            (source, came_in[source], taken[source], certified.get(source), kept.get(source)) for source in came_in
        ],
        "left_out": _left_out(report, taken, certified),
        "warnings": [warning for reading in report.readings for warning in reading.warnings],
    }


def _left_out(report: ReportInput, taken: Counter[str], certified: Counter[str]) -> list[Bar]:
    reasons: list[tuple[str, int, str]] = []
    for source in taken:
        readings = [reading for reading in report.readings if reading.source == source]
        rejected = sum((Counter(reading.rejected) for reading in readings), Counter[str]())
        rejected["retracted"] += sum(reading.retracted for reading in readings)
        rejected["taken before, unchanged"] += sum(reading.unchanged for reading in readings)
        reasons += [(reason, count, source) for reason, count in rejected.items()]
    withheld = {source: taken[source] - certified[source] for source in taken}
    reasons += [("withheld by redaction", count, source) for source, count in withheld.items() if count > 0]
    if report.dataset:
        reasons += [(reason, count, "dataset") for reason, count in report.dataset.exclusions.items()]
    return _bars(sorted((r for r in reasons if r[1]), key=lambda reason: -reason[1]))


def privacy_view(report: ReportInput) -> dict[str, Any] | None:
    """Return what was redacted, by category; None if no shard was redacted."""
    if not report.redacted:
        return None
    findings = sum((Counter(shard.findings) for shard in report.redacted), Counter[str]())
    rows = sum(shard.rows for shard in report.redacted)
    return {
        "bars": _bars([(category, count, "") for category, count in findings.most_common() if count]),
        "identifiers": findings.total(),
        "rows": rows,
        "canaries": sum(shard.canaries for shard in report.redacted),
        "survived": sum(sum(shard.canaries_survived.values()) for shard in report.redacted),
        "withheld": sum(shard.withheld for shard in report.redacted),
        "engines": sorted({shard.engine for shard in report.redacted}),
        "policies": sorted({shard.policy for shard in report.redacted}),
    }


def _summed(counts: Iterable[tuple[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for source, rows in counts:
        total[source] += rows
    return total


def _bars(rows: Sequence[tuple[str, int, str]]) -> list[Bar]:
    longest = max((count for _, count, _ in rows), default=0) or 1
    return [Bar(label, count, 100 * count / longest, note) for label, count, note in rows]
