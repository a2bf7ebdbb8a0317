"""Build one dataset version from certified rows: examples, curation, splits.

Everything that is left out is counted under its reason. The order of the shards decides which of two equal examples
stays when both are rated alike, so the same shards in the same order give the same dataset.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tasks.dataset.curation import content_key, length_reason, overlaps, reject_reason, split_of
from tasks.dataset.examples import certified_examples
from tasks.records import CertifiedRow, CurationPolicy, Example, Message, RowKind, Split

SPLITS: tuple[Split, ...] = ("train", "validation", "test")

Origin = tuple[str, str]  # source and its id there


@dataclass(frozen=True)
class Usable:
    """An example that may be learned from, unless another says the same."""

    content: str
    row: CertifiedRow
    example: Example
    tokens: int


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

    `withdrawn` names rows, by their hash, that must not be learned from any more, and why.

    Raises:
        PrivacyError: a row is not the one that its certificate names.
    """
    curated, kept = Curated(), _Kept()
    for kind, line in lines:
        if (why := withdrawn.get(line.certificate.row_sha256)) is not None:
            curated.exclusions[why] += 1
            continue
        made = list(certified_examples(kind, line, policy.agent_type, policy.redaction))
        if not made:
            curated.exclusions["document that makes no question"] += 1
        usable: list[Usable] = []
        for row in made:
            example = Example.model_validate(row.row)
            tokens, reason = _judged(example, policy, count_tokens, benchmark_runs)
            if reason is None:
                usable.append(Usable(content_key(example.messages), row, example, tokens))
            else:
                curated.exclusions[reason] += 1
        curated.exclusions.update(kept.take(_origin(kind, line), usable))
    for one in kept.unique(curated.exclusions):
        split = split_of(one.example.group_id, key, policy)
        curated.splits[split].append(one.row)
        curated.tokens[split] += one.tokens
        curated.sources[one.example.source] += 1
    return curated


def _judged(
    example: Example,
    policy: CurationPolicy,
    count_tokens: Callable[[tuple[Message, ...]], int | None],
    benchmark_runs: frozenset[str],
) -> tuple[int, str | None]:
    """Return an example's tokens and why it cannot be taken; None: it can."""
    reason = reject_reason(example, policy)
    if reason is None and overlaps(example, benchmark_runs):
        reason = "overlaps a benchmark question"
    if reason is not None:
        return 0, reason
    tokens = count_tokens(example.messages)
    return tokens or 0, length_reason(tokens, policy)


def _origin(kind: RowKind, line: CertifiedRow) -> Origin | None:
    """Return what a later row replaces an earlier one for; None for question sets, which repeat their ids."""
    if kind == "examples":
        return None
    source = "interactions" if kind == "interactions" else str(line.row.get("source"))
    return source, str(line.row.get("id" if kind == "interactions" else "source_id"))


class _Kept:
    """The examples of the last version of each chat and document, and those of question sets, in their order."""

    def __init__(self) -> None:
        self._rows: dict[Origin | int, list[Usable]] = {}

    def take(self, origin: Origin | None, examples: list[Usable]) -> Counter[str]:
        """Take the examples of one row in place of all that an earlier version of it made; return why those are out.

        They are out also where the later version makes none: what was corrected is not learned from as it was.
        """
        earlier = self._rows.get(origin, []) if origin else []
        self._rows[origin or len(self._rows)] = examples
        contents = {one.content for one in examples}
        return Counter(
            "exact duplicate" if one.content in contents else "replaced by a later version" for one in earlier
        )

    def unique(self, exclusions: Counter[str]) -> Iterable[Usable]:
        """Return of each content the highest rated, the first of equals; count the others."""
        best: dict[str, Usable] = {}
        for one in itertools.chain.from_iterable(self._rows.values()):
            known = best.get(one.content)
            if known is not None:
                exclusions["exact duplicate"] += 1
            if known is None or (one.example.rating or 0) > (known.example.rating or 0):
                best[one.content] = one
        return best.values()


def explain(exclusions: Mapping[str, int]) -> str:
    """Return the exclusions as one line, the most frequent first."""
    ordered = sorted(exclusions.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {reason}" for reason, count in ordered) or "none"
