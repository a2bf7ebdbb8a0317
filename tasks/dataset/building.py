"""Build one dataset version from certified rows: examples, curation, splits.

Everything that is left out is counted under its reason. The order of the shards decides which of two equal examples
stays when both are rated alike, so the same shards in the same order give the same dataset.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tasks.dataset.curation import content_key, overlaps, reject_reason, split_of
from tasks.dataset.examples import certified_examples
from tasks.records import CertifiedRow, CurationPolicy, Example, Message, RowKind, Split

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


@dataclass
class Curated:
    """The rows of each split, their tokens, and what was left out."""

    splits: dict[Split, list[CertifiedRow]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    tokens: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    exclusions: Counter[str] = field(default_factory=Counter)


def curate(
    lines: Iterable[tuple[RowKind, CertifiedRow]],
    policy: CurationPolicy,
    *,
    key: bytes,
    count_tokens: Callable[[tuple[Message, ...]], int],
    benchmark_runs: frozenset[str],
) -> Curated:
    """Return the examples of certified rows, valid, unique, apart from every benchmark, dealt to the splits by group.

    Raises:
        PrivacyError: a row is not the one that its certificate names.
    """
    curated = Curated()
    best: dict[str, tuple[CertifiedRow, Example, int]] = {}
    for row, example in _examples(lines, policy, curated.exclusions):
        reason = reject_reason(example, policy)
        if reason is None and overlaps(example, benchmark_runs):
            reason = "overlaps a benchmark question"
        tokens = count_tokens(example.messages) if reason is None else 0
        if tokens > policy.max_tokens:
            reason = "longer than max_tokens"
        if reason is not None:
            curated.exclusions[reason] += 1
            continue
        duplicate = content_key(example.messages)
        if duplicate in best:
            curated.exclusions["exact duplicate"] += 1
        if duplicate not in best or (example.rating or 0) > (best[duplicate][1].rating or 0):
            best[duplicate] = (row, example, tokens)
    for row, example, tokens in best.values():
        split = split_of(example.group_id, key, policy)
        curated.splits[split].append(row)
        curated.tokens[split] += tokens
        curated.sources[example.source] += 1
    return curated


def _examples(
    lines: Iterable[tuple[RowKind, CertifiedRow]], policy: CurationPolicy, exclusions: Counter[str]
) -> Iterator[tuple[CertifiedRow, Example]]:
    for kind, line in lines:
        made = list(certified_examples(kind, line, policy.agent_type))
        if not made:
            exclusions["paper without a conclusion"] += 1
        for row in made:
            yield row, Example.model_validate(row.row)


def explain(exclusions: Mapping[str, int]) -> str:
    """Return the exclusions as one line, the most frequent first."""
    ordered = sorted(exclusions.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {reason}" for reason, count in ordered) or "none"
