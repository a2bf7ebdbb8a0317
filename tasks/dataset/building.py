"""Build one dataset version from certified rows: examples, curation, splits, mixing.

Everything that is left out is counted under its reason and named by the hash of its redacted row. The order of the
shards decides which of two equal examples stays when both are rated alike, so the same shards in the same order give
the same dataset.
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import ValidationError

from tasks.dataset.curation import content_key
from tasks.dataset.decontamination import Suites
from tasks.dataset.examples import certified_examples
from tasks.dataset.grouping import SPLITS, Groups
from tasks.dataset.mixing import Candidate, left_out, unknown_weights
from tasks.dataset.near_duplicates import Signatures, joined, sign, texts_of
from tasks.dataset.validation import length_reason, reject_reason
from tasks.records import MEMORY_CANARIES, CertifiedRow, CurationPolicy, Example, Message, RowKind, Split, Stratum

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

Origin = tuple[str, str]  # source and its id there


class ShardRow(NamedTuple):
    """A row of a redacted shard; `earlier`: an earlier round has learned from that shard."""

    kind: RowKind
    line: CertifiedRow
    earlier: bool = False


@dataclass(frozen=True)
class Usable:
    """An example that may be learned from, unless another says the same."""

    content: str
    row: CertifiedRow
    example: Example
    tokens: int
    earlier: bool

    @property
    def made_of(self) -> str:
        """The hash of the redacted row that it was made of."""
        return self.row.certificate.derived_from


@dataclass(frozen=True)
class Reject:
    """An example, or a row that makes none, that was left out: the hash of its redacted row, and why."""

    row_sha256: str
    reason: str
    detail: str = ""


@dataclass
class Curated:
    """The rows of each split, their tokens, and what was left out."""

    splits: dict[Split, list[CertifiedRow]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    tokens: Counter[str] = field(default_factory=Counter)
    lengths: dict[str, int] = field(default_factory=dict)
    sources: Counter[str] = field(default_factory=Counter)
    strata: tuple[Stratum, ...] = ()
    longer: tuple[int, ...] = ()  # tokens of the examples of more than `max_tokens`, where they are not left out
    overlaps: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)
    unknown_weights: tuple[str, ...] = ()

    @property
    def exclusions(self) -> Counter[str]:
        """How much was left out, by reason."""
        return Counter(reject.reason for reject in self.rejects)

    def leave_out(self, row_sha256: str, reason: str, detail: str = "") -> None:
        """Write down what is not learned from."""
        self.rejects.append(Reject(row_sha256, reason, detail))


def curate(
    rows: Iterable[ShardRow],
    policy: CurationPolicy,
    *,
    key: bytes,
    count_tokens: Callable[[tuple[Message, ...]], int | None],
    suites: Suites,
    withdrawn: Mapping[str, str],
    signatures: Signatures,
    groups: Groups | None = None,
) -> Curated:
    """Return the examples of certified rows, valid, unique, apart from every suite, dealt to the splits by group.

    `withdrawn` names rows, by their hash, that must not be learned from any more, and why. Rows without a signature
    are signed here. `groups` may have seen rows before that no example is made of.

    Raises:
        PrivacyError: a row is not the one that its certificate names.
    """
    curated, kept, groups = Curated(), _Kept(), Groups() if groups is None else groups
    signed, unsigned = set(signatures.rows), dict[str, tuple[str, str]]()
    for row in rows:
        line, name = row.line, row.line.certificate.row_sha256
        groups.see(row.kind, line.row)
        if (why := withdrawn.get(name)) is not None:
            curated.leave_out(name, why)
            continue
        usable = list(_usable(row, policy, count_tokens, suites, curated))
        if usable and name not in signed:
            unsigned[name] = texts_of(row.kind, line.row)
        kept.take(_origin(row.kind, line), usable, curated)
    fresh = sign((name, *texts) for name, texts in unsigned.items())
    unique = _apart(list(kept.unique(curated)), joined((signatures, fresh)), curated)
    _deal(unique, groups, policy, key, curated)
    return curated


def _usable(
    row: ShardRow,
    policy: CurationPolicy,
    count_tokens: Callable[[tuple[Message, ...]], int | None],
    suites: Suites,
    curated: Curated,
) -> Iterable[Usable]:
    """Yield the examples of a row that can be taken, and write down the others."""
    name = row.line.certificate.row_sha256
    try:
        made = list(certified_examples(row.kind, row.line, policy.agent_type, policy.redaction))
        examples = [Example.model_validate(one.row) for one in made]
    except ValidationError as error:
        fields = sorted({".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)})
        curated.leave_out(name, "required field missing or malformed", ", ".join(fields))
        return
    if not made:
        curated.leave_out(name, "document that makes no question")
    for one, example in zip(made, examples, strict=True):
        reason, detail, tokens = reject_reason(example, policy), "", None
        if reason is None and (overlap := suites.overlap(example)):
            reason, detail = f"overlaps suite {overlap.suite}", overlap.detail
            curated.overlaps[overlap.suite] += 1
        if reason is None:
            tokens = count_tokens(example.messages)
            reason = length_reason(tokens, policy)
        if reason is None:
            yield Usable(content_key(example.messages), one, example, tokens or 0, row.earlier)
        else:
            curated.leave_out(name, reason, detail)


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

    def take(self, origin: Origin | None, examples: list[Usable], curated: Curated) -> None:
        """Take the examples of one row in place of all that an earlier version of it made; write those down.

        They are out also where the later version makes none: what was corrected is not learned from as it was.
        """
        earlier = self._rows.get(origin, []) if origin else []
        self._rows[origin or len(self._rows)] = examples
        contents = {one.content for one in examples}
        for one in earlier:
            same = one.content in contents
            curated.leave_out(one.made_of, "exact duplicate" if same else "replaced by a later version")

    def unique(self, curated: Curated) -> Iterable[Usable]:
        """Return of each content the highest rated, the first of equals; write down the others."""
        best: dict[str, Usable] = {}
        for one in itertools.chain.from_iterable(self._rows.values()):
            known = best.setdefault(one.content, one)
            if known is not one:
                better, worse = (one, known) if _rating(one) > _rating(known) else (known, one)
                best[one.content] = better
                curated.leave_out(worse.made_of, "exact duplicate")
        return best.values()


def _rating(one: Usable) -> float:
    return one.example.rating or 0


def _apart(examples: list[Usable], signatures: Signatures, curated: Curated) -> Iterable[Usable]:
    """Yield the examples of rows that repeat no better row: higher rated, then verified by a person, then newer."""
    merits: dict[str, tuple[float, bool, int]] = {}
    for place, one in enumerate(examples):
        rating, verified, _ = merits.get(one.made_of, (0.0, False, 0))
        merits[one.made_of] = (max(rating, _rating(one)), verified or bool(one.example.verified), place)
    repeats = signatures.repeats(sorted(merits, key=merits.__getitem__, reverse=True))
    for one in examples:
        if better := repeats.get(one.made_of):
            curated.leave_out(one.made_of, "near-duplicate", f"of row {better}")
        else:
            yield one


def _deal(examples: Iterable[Usable], groups: Groups, policy: CurationPolicy, key: bytes, curated: Curated) -> None:
    """Deal the examples to the splits by group, and thin the training split as the policy mixes it."""
    dealt: dict[Split, list[Usable]] = {split: [] for split in SPLITS}
    for one in examples:
        secret = one.example.source == MEMORY_CANARIES  # judges nobody: it is learned from, and asked for afterwards
        dealt["train" if secret else groups.split_of(one.example.group_id, key, policy)].append(one)
    candidates = [
        Candidate(
            one.content, one.example.source, one.example.agent_type, min(one.tokens, policy.max_tokens), one.earlier
        )
        for one in dealt["train"]
    ]
    secrets = {place for place, one in enumerate(candidates) if one.source == MEMORY_CANARIES}
    thinned = {place: why for place, why in left_out(candidates, policy.mix, key) if place not in secrets}
    for place, reason in thinned.items():
        curated.leave_out(dealt["train"][place].made_of, reason)
    curated.unknown_weights = unknown_weights(candidates, policy.mix)
    dealt["train"] = [one for place, one in enumerate(dealt["train"]) if place not in thinned]
    for split, ones in dealt.items():
        curated.splits[split] = [one.row for one in ones]
        curated.tokens[split] = sum(min(one.tokens, policy.max_tokens) for one in ones)
        curated.sources.update(one.example.source for one in ones)
    curated.strata = _strata(dealt, policy.max_tokens)
    curated.longer = tuple(o.tokens for ones in dealt.values() for o in ones if o.tokens > policy.max_tokens)
    curated.lengths = _quantiles([one.tokens for one in dealt["train"]])


def _strata(dealt: Mapping[Split, Iterable[Usable]], max_tokens: int) -> tuple[Stratum, ...]:
    """Return what each agent type and source has in each split; of a longer example `max_tokens` are counted."""
    examples: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    tokens: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for split, ones in dealt.items():
        for one in ones:
            name = one.example.agent_type, one.example.source
            examples[name][split] += 1
            tokens[name][split] += min(one.tokens, max_tokens)
    return tuple(
        Stratum(agent_type=agent, source=source, examples=examples[agent, source], tokens=tokens[agent, source])
        for agent, source in sorted(examples)
    )


def _quantiles(tokens: list[int]) -> dict[str, int]:
    """Return the smallest length that a share of the examples does not exceed, such as `p95`."""
    ordered = sorted(tokens)
    return {f"p{q * 100:.0f}": ordered[-(-len(ordered) * int(q * 100) // 100) - 1] for q in QUANTILES if ordered}
