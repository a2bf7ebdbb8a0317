"""What a dataset version was made of, as a page to read and the same as JSON.

Counts are of the examples in the splits. Redactions are counted once a redacted row, though a document makes several
examples. The few examples that are shown are redacted like every row of a dataset. Not covered: what the examples say,
and how good they are.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.dataset.curation import policy_digest
from tasks.errors import DataError
from tasks.records import CertifiedRow, CurationPolicy, DatasetVersion, Example, Stratum

SHOWN = 5
SHOWN_CHARS = 600  # of each message
UNSTATED = "not stated"

Card = dict[str, Any]
BySplit = dict[str, Counter[str]]  # name → split → examples


@dataclass
class _Seen:
    """What the rows of a dataset say of themselves."""

    examples: int = 0
    sources: BySplit = field(default_factory=dict)
    agent_types: BySplit = field(default_factory=dict)
    licences: Counter[str] = field(default_factory=Counter)
    ratings: Counter[str] = field(default_factory=Counter)
    verified: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Mapping[str, int]] = field(default_factory=dict)  # by redacted row
    engines: Counter[str] = field(default_factory=Counter)
    drawn: dict[str, list[tuple[str, Example]]] = field(default_factory=dict)  # by source, the first by their hash

    def take(self, split: str, line: CertifiedRow) -> None:
        """Count one row of a split."""
        example, certificate = Example.model_validate(line.verified()), line.certificate
        self.examples += 1
        self.sources.setdefault(example.source, Counter())[split] += 1
        self.agent_types.setdefault(example.agent_type or UNSTATED, Counter())[split] += 1
        self.licences[example.licence or UNSTATED] += 1
        self.ratings["unrated" if example.rating is None else f"{example.rating:g}"] += 1
        self.verified[{True: "yes", False: "no", None: UNSTATED}[example.verified]] += 1
        made_of = certificate.derived_from or certificate.row_sha256
        if made_of not in self.findings:
            self.findings[made_of] = certificate.findings
            self.engines[certificate.engine] += 1
        order = hashlib.sha256(f"card\0{certificate.row_sha256}".encode()).hexdigest()
        drawn = [*self.drawn.get(example.source, ()), (order, example)]
        self.drawn[example.source] = sorted(drawn, key=lambda one: one[0])[:SHOWN]

    def shown(self) -> list[Example]:
        """Return a few examples: of every source one, then of every source a second one, and so on."""
        by_turn = ((turn, *one) for drawn in self.drawn.values() for turn, one in enumerate(drawn))
        return [example for _, _, example in sorted(by_turn, key=lambda one: one[:2])[:SHOWN]]


def card_of(dataset: DatasetVersion, policy: CurationPolicy, rows: Iterable[tuple[str, CertifiedRow]]) -> Card:
    """Return what a dataset is made of, ready for JSON; `rows` are those of all its splits, each with its split.

    Raises:
        DataError: the policy is not the one that the dataset was made under, or rows are missing.
        PrivacyError: a row is not the one that its certificate names.
    """
    if policy_digest(policy) != dataset.policy:
        raise DataError(
            f"{dataset.id} was made under policy {dataset.policy}, not {policy_digest(policy)}.",
            fix="describe it with the policy that it was built with",
        )
    seen = _Seen()
    for split, line in rows:
        seen.take(split, line)
    if seen.examples != sum(dataset.examples.values()):
        raise DataError(
            f"{dataset.id} has {sum(dataset.examples.values())} examples, {seen.examples} were read.",
            fix="give the rows of every split",
        )
    redactions = sum((Counter(found) for found in seen.findings.values()), Counter[str]())
    return {
        "id": dataset.id,
        "agent_type": dataset.agent_type,
        "examples": dict(dataset.examples),
        "tokens": dict(dataset.tokens),
        "lengths": dict(dataset.lengths),
        "sources": {name: dict(splits) for name, splits in sorted(seen.sources.items())},
        "agent_types": {name: dict(splits) for name, splits in sorted(seen.agent_types.items())},
        "strata": [_stratum(stratum, dataset.splits) for stratum in dataset.strata],
        "lacking": [
            {"agent_type": one.agent_type or UNSTATED, "source": one.source, "split": split}
            for one in dataset.strata
            for split in dataset.splits
            if not one.examples.get(split)
        ],
        "licences": dict(seen.licences.most_common()),
        "ratings": dict(sorted(seen.ratings.items())),
        "verified": dict(sorted(seen.verified.items())),
        "left_out": dict(Counter(dataset.exclusions).most_common()),
        "overlaps": dict(sorted(dataset.overlaps.items())),
        "redactions": dict(redactions.most_common()),
        "redacted_rows": len(seen.findings),
        "engines": dict(sorted(seen.engines.items())),
        "redaction_policy": dataset.redaction,
        "policy": policy.model_dump(mode="json"),
        "policy_digest": dataset.policy,
        "shards": list(dataset.shards),
        "shown": [_shown(example) for example in seen.shown()],
    }


def as_markdown(card: Card) -> str:
    """Return a card as a page of Markdown."""
    splits = list(card["examples"])
    mix = {f"mix.{name}": value for name, value in card["policy"]["mix"].items()}
    chosen = {
        name: value for name, value in (card["policy"] | mix).items() if name != "mix" and value not in ({}, None)
    }
    blocks = [
        f"# {card['id']}",
        f"Examples for {card['agent_type']} from {card['redacted_rows']:,} redacted rows of {len(card['shards'])}"
        f" shards, under curation policy {card['policy_digest']} and redaction policy"
        f" {card['redaction_policy'] or UNSTATED}.",
        "## Examples and tokens",
        _table(("split", "examples", "tokens"), ((s, card["examples"][s], card["tokens"].get(s, 0)) for s in splits)),
        "Tokens of a training example: " + (", ".join(f"{q} {n:,}" for q, n in card["lengths"].items()) or "none"),
        "## Sources and agent types",
        *(
            _table((what, *splits), ((name, *(of.get(s, 0) for s in splits)) for name, of in card[field].items()))
            for what, field in (("source", "sources"), ("agent type", "agent_types"))
        ),
        *_by_stratum(card),
        *_counts("Licences", "licence", card["licences"]),
        *_counts("Ratings", "rating", card["ratings"]),
        *_counts("Checked by a person", "checked", card["verified"]),
        *_counts("Left out", "reason", card["left_out"]),
        *_counts("Overlaps with suites, left out", "suite", card["overlaps"]),
        *_counts("Redactions", "category", card["redactions"]),
        "## Policy",
        _table(("field", "value"), chosen.items()),
        "## Examples after redaction",
        *(_quoted(shown) for shown in card["shown"]),
    ]
    return "\n\n".join(blocks) + "\n"


def _stratum(stratum: Stratum, splits: Iterable[str]) -> Card:
    """Return an agent type's examples of a source by split; `share` is of its own examples."""
    total = sum(stratum.examples.values())
    by_split = {
        split: {
            "examples": stratum.examples.get(split, 0),
            "share": round(stratum.examples.get(split, 0) / total, 4),
            "tokens": stratum.tokens.get(split, 0),
        }
        for split in splits
    }
    return {"agent_type": stratum.agent_type or UNSTATED, "source": stratum.source, "splits": by_split}


def _by_stratum(card: Card) -> Iterator[str]:
    """Yield the splits by agent type and source, and what a split has nothing of."""
    shares = {"train": card["policy"]["train_share"], "validation": card["policy"]["validation_share"]}
    meant = ", ".join(f"{split} {share:.0%}" for split, share in shares.items())
    yield "## Splits by agent type and source"
    yield (
        f"Whole patients, conversations and papers are dealt: {meant}, the rest test. Shares are of the examples of"
        " one agent type and source, after duplicates and the mix."
    )
    yield _table(
        ("agent type", "source", "split", "examples", "share", "tokens"),
        (
            (one["agent_type"], one["source"], split, seen["examples"], f"{seen['share']:.1%}", seen["tokens"])
            for one in card["strata"]
            for split, seen in one["splits"].items()
        ),
    )
    for one in card["lacking"]:
        yield f"No {one['split']} example: {_cell(one['agent_type'])}, {_cell(one['source'])}."


def _counts(title: str, what: str, counts: Mapping[str, int]) -> tuple[str, str]:
    return f"## {title}", _table((what, "count"), counts.items()) if counts else "None."


def _table(head: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value: object) -> str:
    text = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
    return " ".join(text.split()).replace("|", "\\|")


def _shown(example: Example) -> dict[str, object]:
    turns = [{"role": m.role, "content": _shortened(m.content)} for m in example.messages]
    return {"source": example.source, "licence": example.licence, "messages": turns}


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS].rsplit(' ', 1)[0]} …"


def _quoted(shown: Mapping[str, Any]) -> str:
    """Return an example as a quotation, line by line, so that no line of it is taken for a part of the page."""
    head = f"{shown['source']}, licence {shown['licence'] or UNSTATED}:"
    turns = (f"{turn['role']}: {turn['content']}" for turn in shown["messages"])
    lines = "\n\n".join(turns).splitlines()
    return f"{_cell(head)}\n\n" + "\n".join(f">     {line}".rstrip() for line in lines)
