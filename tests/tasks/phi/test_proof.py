import copy
import json
from collections.abc import Sequence
from random import Random

import pytest

from tasks.errors import PrivacyError
from tasks.phi.canaries import Canary, draw
from tasks.phi.categories import CATEGORIES
from tasks.phi.detection import Detector
from tasks.phi.fields import texts_of
from tasks.phi.proof import examine, planted, prove
from tasks.phi.recognizers import RECOGNIZERS
from tasks.phi.redaction import Redactor
from tasks.records import PhiFinding, RowKind

SENTENCES = "He was given aspirin and rested. Blood pressure was 120/80 in the morning. The wound is dry and clean. "
CHATS: list[dict[str, object]] = [
    {
        "messages": [
            {"role": "user", "content": SENTENCES * 2},
            {"role": "assistant", "content": f"Row {n}. {SENTENCES}"},
        ]
    }
    for n in range(100)
]
PAPERS: list[dict[str, object]] = [
    {"source_id": str(n), "title": "A trial of rest", "sections": [{"label": "METHODS", "text": SENTENCES * 9}] * 3}
    for n in range(10)
]
SHARDS: list[tuple[RowKind, list[dict[str, object]], str]] = [
    ("examples", CHATS, "many rows"),
    ("documents", PAPERS, "few rows with long texts"),
    ("interactions", [{**CHATS[0], "id": "1", "correction": None, "created_at": "2026-01-02"}], "one row"),
    ("documents", [], "no row"),
    ("examples", [{"messages": []}], "a row without a text"),
    ("documents", [{"title": "", "sections": []}], "a row whose texts are empty"),
    ("documents", [{"title": "Note", "sections": [{"label": "", "text": "x" * 300_000}]}], "a word without end"),
    ("documents", [{"title": "T", "sections": [{"label": "A", "text": SENTENCES}] * 2000}] * 99, "many sections"),
]


class Knows(Detector):
    """Finds the canaries of a seed, but for those to which it is blind, and keeps what it was given to read."""

    def __init__(self, seed: str, blind: Sequence[Canary] = ()) -> None:
        self._known = [canary for canary in draw(seed) if canary not in blind]
        self.read: list[str] = []

    def find(self, text: str) -> list[PhiFinding]:
        self.read.append(text)
        found = []
        for canary in self._known:
            if (at := text.find(canary.text)) >= 0:
                start = at + len(canary.before)
                end = start + len(canary.value)
                found.append(PhiFinding(category=canary.category, start=start, end=end, score=1, recognizer="knows"))
        return sorted(found, key=lambda f: f.start)


@pytest.mark.parametrize(("kind", "rows", "why"), SHARDS, ids=[why for *_, why in SHARDS])
def test_every_kind_of_shard_is_planted_at_a_bounded_cost(
    kind: RowKind, rows: list[dict[str, object]], why: str
) -> None:
    before, detector = copy.deepcopy(rows), Knows("s")
    proof = prove(rows, kind, redactor=Redactor(detector), seed="s")
    assert (proof.total, dict(proof.survived)) == (320, {}), why
    assert rows == before  # nothing was planted into the shard itself
    read = "".join(detector.read)
    assert sum(map(len, detector.read)) / 2 < 150_000  # each text is read twice: once redacted, nothing more is found
    assert all(canary.text in read for canary in draw("s"))


def test_canaries_lie_among_the_texts_of_many_rows() -> None:
    detector = Knows("s")
    prove(CHATS, "examples", redactor=Redactor(detector), seed="s")
    numbers = {n for n in range(100) for text in detector.read if f"Row {n}." in text}
    assert len(numbers) > 50
    assert sum("The wound is dry" in text for text in detector.read) == len(detector.read)


def test_planted_row_keeps_its_text_around_the_canaries() -> None:
    row, canaries = PAPERS[0], draw("s")[:5]
    copied, pieces = planted("documents", row, canaries, Random(1))
    texts = texts_of("documents", copied, labels=False)
    kept = ["".join(p for p in each if isinstance(p, str)).replace(" ", "") for each in pieces]
    assert kept == [text.replace(" ", "") for text in texts_of("documents", row, labels=False)]
    assert sum(isinstance(piece, Canary) for each in pieces for piece in each) == 5
    assert all(sum(canary.text in text for text in texts) == 1 for canary in canaries)


def test_same_seed_gives_the_same_proof(redactor: Redactor) -> None:
    one, same, other = (examine(CHATS, "examples", redactor=redactor, seed=seed) for seed in ("a", "a", "b"))
    assert one == same
    assert one.planted == other.planted


@pytest.mark.parametrize("count", [0, 1, 8])
def test_few_survivors_of_kinds_that_may_survive_pass(count: int) -> None:
    blind = [canary for canary in draw("s") if not canary.strict][:count]
    proof = prove(CHATS, "examples", redactor=Redactor(Knows("s", blind)), seed="s")
    assert sum(proof.survived.values()) == count
    assert proof.bound < 0.05


@pytest.mark.parametrize("count", [9, 32])
def test_more_survivors_do_not_pass(count: int) -> None:
    blind = [canary for canary in draw("s") if not canary.strict][:count]
    with pytest.raises(
        PrivacyError, match=rf"{count} of 320, at most \d+\.\d % by the 95 % interval, below 5 % needed"
    ):
        prove(CHATS, "examples", redactor=Redactor(Knows("s", blind)), seed="s")


@pytest.mark.parametrize("category", ["SSN", "MRN", "EMAIL", "PHONE"])
def test_one_survivor_of_a_kind_that_may_not_is_enough(category: str) -> None:
    blind = [next(canary for canary in draw("s") if canary.category == category and canary.strict)]
    with pytest.raises(PrivacyError, match=rf"none of these may: {category} 1\."):
        prove(CHATS, "examples", redactor=Redactor(Knows("s", blind)), seed="s")


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_engine_blind_to_one_category_does_not_pass_and_is_told_which(category: str) -> None:
    blind = [canary for canary in draw("s") if canary.category == category]
    with pytest.raises(PrivacyError, match=rf"\({category} 16 of 16\)") as caught:
        prove(CHATS, "examples", redactor=Redactor(Knows("s", blind)), seed="s")
    said = json.dumps([str(caught.value), caught.value.__dict__], default=str)
    assert not [canary.value for canary in blind if len(canary.value) > 3 and canary.value in said]
    assert "wound" not in said


# The other kinds are found without their own recognizer, too: a date of birth as a date, a fax number as a telephone
# number, a record or a serial number behind its keyword as some other unique one.
@pytest.mark.parametrize(
    "missing", ["NAME", "GEO", "DATE", "AGE_OVER_89", "PHONE", "EMAIL", "SSN", "URL", "IP", "PHOTO", "OTHER_ID"]
)
def test_engine_without_one_recognizer_does_not_pass(missing: str) -> None:
    weakened = Redactor(Detector([kind() for kind in RECOGNIZERS if kind.category != missing]))
    with pytest.raises(PrivacyError, match=rf"\b{missing} (?:[89]|1[0-6]) of 16"):
        prove(CHATS, "examples", redactor=weakened, seed="s")


class HalfBlind(Detector):
    """Finds a share of each identifier: the first characters of every span."""

    def __init__(self, whole: Detector, share: float) -> None:
        self._whole, self._share = whole, share

    def find(self, text: str) -> list[PhiFinding]:
        return [self._cut(finding) for finding in self._whole.find(text)]

    def _cut(self, finding: PhiFinding) -> PhiFinding:
        kept = max(1, round((finding.end - finding.start) * self._share))
        return finding.model_copy(update={"end": finding.start + kept})


@pytest.mark.parametrize(("share", "least"), [(0.6, 12), (0.9, 6)])
def test_identifiers_of_which_a_part_is_left_have_survived(share: float, least: int) -> None:
    proof = examine(CHATS, "examples", redactor=Redactor(HalfBlind(Knows("s"), share)), seed="s")
    assert min(proof.survived.get(kind, 0) for kind in ("NAME", "SSN", "MRN", "DATE")) >= least


@pytest.mark.parametrize("seed", ["a", "b", "c"])
@pytest.mark.parametrize(("kind", "rows"), [("examples", CHATS), ("documents", PAPERS)], ids=["chats", "papers"])
def test_whole_engine_passes_whatever_the_seed(
    redactor: Redactor, kind: RowKind, rows: list[dict[str, object]], seed: str
) -> None:
    assert prove(rows, kind, redactor=redactor, seed=seed).bound < 0.05
