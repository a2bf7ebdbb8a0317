"""The report's rows: how many came in, where they were left out, and what was redacted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tasks.records import RawShard
from tasks.scoring.report_input import ReportInput


class Bar(NamedTuple):
    """A labelled count and its length in per cent of the longest."""

    label: str
    rows: int
    percent: float
    note: str = ""


def rows_view(report: ReportInput) -> dict[str, Any] | None:
    """Return the funnel, the counts by source and the reasons for leaving out; None if nothing came in."""
    raw = tuple(shard.raw for shard in report.redacted)
    if not raw:
        return None
    came_in = {source: sum(map(_came_in, shards)) for source, shards in _by_source(raw).items()}
    taken = _sum_by_source(raw)
    certified = _sum_by_source(report.redacted)
    stages = [
        ("Came in", sum(came_in.values()), "read from the sources"),
        ("Taken", taken.total(), "passed the filters"),
        ("Redacted", certified.total(), "certified free of identifiers"),
    ]
    if report.dataset:
        stages.append(("In the dataset", sum(report.dataset.examples.values()), report.dataset.id))
        stages.append(("Trained on", report.dataset.examples.get("train", 0), "the rest is held out"))
    kept = report.dataset.sources if report.dataset else {}
    return {
        "funnel": _bars(stages),
        "sources": [
            (source, came_in[source], taken[source], certified.get(source), kept.get(source)) for source in came_in
        ],
        "left_out": _left_out(report, taken, certified),
        "warnings": [warning for shard in raw for warning in shard.warnings],
    }


def _left_out(report: ReportInput, taken: Counter[str], certified: Counter[str]) -> list[Bar]:
    reasons: list[tuple[str, int, str]] = []
    for source, shards in _by_source([shard.raw for shard in report.redacted]).items():
        rejected = sum((Counter(shard.rejected) for shard in shards), Counter[str]())
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
        "withheld": sum(shard.withheld for shard in report.redacted),
        "engines": sorted({shard.engine for shard in report.redacted}),
        "policies": sorted({shard.policy for shard in report.redacted}),
    }


def _came_in(shard: RawShard) -> int:
    return shard.rows + sum(shard.rejected.values())


def _by_source(shards: Sequence[RawShard]) -> Mapping[str, list[RawShard]]:
    grouped: dict[str, list[RawShard]] = {}
    for shard in shards:
        grouped.setdefault(shard.source, []).append(shard)
    return grouped


def _sum_by_source(shards: Sequence[Any]) -> Counter[str]:
    total: Counter[str] = Counter()
    for shard in shards:
        total[shard.source] += shard.rows
    return total


def _bars(rows: Sequence[tuple[str, int, str]]) -> list[Bar]:
    longest = max((count for _, count, _ in rows), default=0) or 1
    return [Bar(label, count, 100 * count / longest, note) for label, count, note in rows]
