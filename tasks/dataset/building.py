"""Build one dataset version from certified rows: examples, curation, splits.

Everything that is left out is counted under its reason. The order of the shards decides which of two equal examples
stays when both are rated alike, so the same shards in the same order give the same dataset.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tasks.dataset.curation import content_key, length_reason, overlaps, reject_reason, split_of
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
    count_tokens: Callable[[tuple[Message, ...]], int | None],
    benchmark_runs: frozenset[str],
    withdrawn: Mapping[str, str],
) -> Curated:
    """Return the examples of certified rows, valid, unique, apart from every benchmark, dealt to the splits by group.

    Raises:
        PrivacyError: a row is not the one that its certificate names.
    """
    curated, kept = Curated(), _Kept()
    allowed = _not_withdrawn(lines, withdrawn, curated.exclusions)
    for kind, row, example in _examples(allowed, policy, curated.exclusions):
        tokens, reason = None, reject_reason(example, policy)
        if reason is None and overlaps(example, benchmark_runs):
            reason = "overlaps a benchmark question"
        if reason is None:
            tokens = count_tokens(example.messages)
            reason = length_reason(tokens, policy)
        reason = reason or kept.take(kind, row, example, tokens or 0)
        if reason is not None:
            curated.exclusions[reason] += 1
    for row, example, tokens in kept.best.values():
        split = split_of(example.group_id, key, policy)
        curated.splits[split].append(row)
        curated.tokens[split] += tokens
        curated.sources[example.source] += 1
    return curated


@dataclass
class _Kept:
    """The best example of each content, and the last version of each chat and paper."""

    best: dict[str, tuple[CertifiedRow, Example, int]] = field(default_factory=dict)
    content_of: dict[tuple[str, str], str] = field(default_factory=dict)

    def _origin(self, content: str | None) -> tuple[str, str] | None:
        known = self.best.get(content or "")
        return (known[1].source, known[1].source_id) if known else None

    def take(self, kind: RowKind, row: CertifiedRow, example: Example, tokens: int) -> str | None:
        """Keep an example, and return the reason for which this or an earlier one is left out for it."""
        content, origin = content_key(example.messages), (example.source, example.source_id)
        earlier = self.content_of.get(origin) if kind != "examples" else None  # question sets repeat their ids
        if earlier is not None and earlier != content and self._origin(earlier) == origin:
            self.best.pop(earlier)
        self.content_of[origin] = content
        known = self.best.get(content)
        if known is None or (example.rating or 0) > (known[1].rating or 0):
            self.best[content] = (row, example, tokens)
        if known is not None:
            return "exact duplicate"
        return "replaced by a later version" if earlier not in (None, content) else None


def _not_withdrawn(
    lines: Iterable[tuple[RowKind, CertifiedRow]], withdrawn: Mapping[str, str], exclusions: Counter[str]
) -> Iterator[tuple[RowKind, CertifiedRow]]:
    """Leave out retracted papers and withdrawn chats by the row that their shard still holds."""
    for kind, line in lines:
        reason = withdrawn.get(line.certificate.row_sha256)
        if reason is None:
            yield kind, line
        else:
            exclusions[reason] += 1


def _examples(
    lines: Iterable[tuple[RowKind, CertifiedRow]], policy: CurationPolicy, exclusions: Counter[str]
) -> Iterator[tuple[RowKind, CertifiedRow, Example]]:
    for kind, line in lines:
        made = list(certified_examples(kind, line, policy.agent_type))
        if not made:
            exclusions["paper without a conclusion"] += 1
        for row in made:
            yield kind, row, Example.model_validate(row.row)


def explain(exclusions: Mapping[str, int]) -> str:
    """Return the exclusions as one line, the most frequent first."""
    ordered = sorted(exclusions.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {reason}" for reason, count in ordered) or "none"
