"""Which examples are kept: validity, exact duplicates, overlap with benchmark questions, and the split of a group.

Near-duplicates, mixing and replay are not covered yet.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Collection, Iterable

from tasks.placeholders import PLACEHOLDER
from tasks.records import CurationPolicy, Example, Message, Split

PLACEHOLDERS = re.compile(rf"{PLACEHOLDER.pattern}|90\+")
NOT_A_WORD = re.compile(r"\W+")
OVERLAP_WORDS = 8  # a shared run of eight words is a copy, not a coincidence, in questions of ten to thirty words


def reject_reason(example: Example, policy: CurationPolicy) -> str | None:
    """Return why an example cannot be learned from, or None if it can."""
    asked = " ".join(m.content for m in example.messages if m.role == "user")
    if not example.messages or example.messages[-1].role != "assistant" or not asked.strip():
        return "no question-answer pair"
    answer = example.messages[-1].content
    checks = {
        "input too short": len(asked) < policy.min_input_chars,
        "input too long": len(asked) > policy.max_input_chars,
        "empty answer": not answer.strip(),
        "placeholders only": not NOT_A_WORD.sub("", PLACEHOLDERS.sub("", answer)),
        "answer echoes the question": normalised(answer) == normalised(asked),
    }
    return next((reason for reason, holds in checks.items() if holds), None)


def length_reason(tokens: int | None, policy: CurationPolicy) -> str | None:
    """Return why a conversation of so many tokens cannot be trained on; None tokens: the template refused it."""
    if tokens is None:
        return "chat template refuses its roles"
    return "longer than max_tokens" if tokens > policy.max_tokens else None


def normalised(text: str) -> str:
    """Return the words of a text in one canonical spelling: NFKC, case-folded, without punctuation."""
    return NOT_A_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def content_key(messages: Iterable[Message]) -> str:
    """Return the hash under which two examples count as exact duplicates."""
    joined = "\0".join(f"{m.role}\1{normalised(m.content)}" for m in messages)
    return hashlib.sha256(joined.encode()).hexdigest()


def word_runs(text: str, length: int = OVERLAP_WORDS) -> frozenset[str]:
    """Return every run of `length` words; a shorter text is one run of all its words."""
    words = normalised(text).split()
    last = max(len(words) - length, 0)
    return frozenset(" ".join(words[i : i + length]) for i in range(last + 1)) if words else frozenset()


def overlaps(example: Example, benchmark_runs: Collection[str]) -> bool:
    """Say whether any message of an example holds a run of words from a benchmark question."""
    lengths = {run.count(" ") + 1 for run in benchmark_runs}
    return any(
        not word_runs(message.content, length).isdisjoint(benchmark_runs)
        for message in example.messages
        for length in lengths
    )


def split_of(group_id: str, key: bytes, policy: CurationPolicy) -> Split:
    """Return the split of a group: a keyed hash of its id, so the same for ever and for every row of the group."""
    digest = hmac.new(key, b"split\0" + group_id.encode(), hashlib.sha256).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < policy.train_share:
        return "train"
    return "validation" if place < policy.train_share + policy.validation_share else "test"
