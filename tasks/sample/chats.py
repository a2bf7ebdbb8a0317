"""Rated question and answer chats of a hospital that does not exist, over four agent types.

Each patient has several conversations and each conversation several chats. Most MedicalQA questions carry an excerpt
of a discharge note; the right answer follows from the stay's facts. About 60 % of the chats hold planted identifiers,
a few answers too, and every place is known. Some answers are wrong (rated low, some with a correction), some too short
to learn from, some chats exact duplicates, as real logs have them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal, NamedTuple

from tasks.records import Message, Record
from tasks.sample import notes
from tasks.sample.administration import billing_exchange, clinical_exchange, documentation_exchange
from tasks.sample.hospital import Stay, draw_stay
from tasks.sample.identifiers import CATEGORIES, draw, fill, phrase

AGENT_SHARES = {"MedicalQA": 0.55, "Documentation": 0.2, "Clinical": 0.15, "Billing": 0.1}
UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
PHI_SHARE = 0.6
SHORT_ANSWERS = ("Yes, as written.", "Please see the note.", "No.", "Ask the ward.", "As before.")


class PlantedPhi(NamedTuple):
    """Where one planted identifier lies: index of the message, or the correction; characters, half-open."""

    where: int | Literal["correction"]
    start: int
    end: int
    category: str


class SampleChat(Record):
    """One rated exchange with the places of its planted identifiers; `subject_key` looks like an MRN."""

    conversation_id: str
    agent_type: str
    subject_key: str
    messages: tuple[Message, ...]
    rating: float | None
    correction: str | None
    created_at: datetime
    model_version: str
    phi: tuple[PlantedPhi, ...]


@dataclass(frozen=True)
class Exchange:
    """A question with its right and a wrong answer; all three may hold slots for identifiers."""

    question: str
    right: str
    wrong: str


def sample_chats(seed: int, count: int, until: datetime = UNTIL, days: int = 180) -> Iterator[SampleChat]:
    """Yield `count` chats spread over the `days` before `until`; a longer run begins with the shorter one's chats."""
    rng = Random(f"chats-{seed}")
    made = 0
    for patient in range(count):
        for chat in _patient_chats(rng, f"sample-{seed}-{patient:05}", until, days):
            if made == count:
                return
            yield chat
            made += 1


def _patient_chats(rng: Random, prefix: str, until: datetime, days: int) -> Iterator[SampleChat]:
    identity = {category: draw(rng, category) for category in ("NAME", "MRN", "PHONE", "HEALTH_PLAN", "ACCOUNT")}
    for conversation in range(rng.choice((1, 1, 2, 3))):
        agent_type = rng.choices(tuple(AGENT_SHARES), tuple(AGENT_SHARES.values()))[0]
        stay = draw_stay(rng)
        at = until - timedelta(seconds=rng.randrange(3600, days * 86_400))
        topics = rng.sample(notes.TOPICS, rng.choice((1, 2, 3)))
        for topic in topics:
            at = min(at + timedelta(seconds=rng.randrange(20, 600)), until)
            chat = _chat(rng, agent_type, stay, topic, identity)
            placed = {"conversation_id": f"{prefix}-{conversation}", "subject_key": identity["MRN"], "created_at": at}
            chat = chat.model_copy(update=placed)
            yield chat
            if rng.random() < 0.015:  # a double click, a client that sent twice
                yield chat.model_copy(update={"created_at": min(at + timedelta(seconds=2), until)})


def _chat(rng: Random, agent_type: str, stay: Stay, topic: str, identity: dict[str, str]) -> SampleChat:
    with_phi = rng.random() < PHI_SHARE
    exchange = _exchange(rng, agent_type, stay, topic)
    question, right, wrong = exchange.question, exchange.right, exchange.wrong
    if with_phi:
        question = _plant(rng, question)
        if rng.random() < 0.08:
            right = f"For {{NAME}}: {right[0].lower()}{right[1:]}"
    rating, answer, correction = _judge(rng, right, wrong)
    texts = [fill(rng, text, identity) for text in (question, answer, correction or "")]
    places: tuple[int | Literal["correction"], ...] = (0, 1, "correction")
    return SampleChat(
        conversation_id="",
        agent_type=agent_type,
        subject_key="",
        messages=(Message(role="user", content=texts[0].text), Message(role="assistant", content=texts[1].text)),
        rating=rating,
        correction=texts[2].text or None,
        created_at=UNTIL,
        model_version="larkmoor-assistant-1",
        phi=tuple(
            PlantedPhi(place, start, end, category)
            for place, text in zip(places, texts, strict=True)
            for start, end, category in text.spans
        ),
    )


def _exchange(rng: Random, agent_type: str, stay: Stay, topic: str) -> Exchange:
    if agent_type == "Documentation":
        return Exchange(*documentation_exchange(rng, stay, draw_stay(rng)))
    if agent_type == "Clinical":
        return Exchange(*clinical_exchange(rng, stay, draw_stay(rng)))
    if agent_type == "Billing":
        return Exchange(*billing_exchange(rng))
    medication, other = rng.choice(stay.medications), draw_stay(rng)
    excerpt = notes.write_note(rng, stay, notes.excerpt_sections(rng, topic, rng.choice((5, 6, 7, 8))))
    question = notes.ask(rng, topic, medication)
    elsewhere = other.medications[0]
    mistaken = type(medication)(medication.name, elsewhere.dose, elsewhere.route, elsewhere.frequency)
    return Exchange(
        f"Note: {excerpt}\n{question}",
        notes.answer(topic, stay, medication),
        notes.answer(topic, other, mistaken),
    )


def _plant(rng: Random, question: str) -> str:
    """Put one or two sentences with identifiers before the question, and sometimes one after it."""
    first = rng.choice(("NAME", "NAME", "MRN", "DATE", rng.choice(CATEGORIES)))
    second = rng.choice(CATEGORIES)
    before = " ".join(phrase(rng, category) for category in dict.fromkeys((first, second)))
    after = " " + phrase(rng, rng.choice(CATEGORIES)) if rng.random() < 0.15 else ""
    return f"{before} {question}{after}"


def _judge(rng: Random, right: str, wrong: str) -> tuple[float | None, str, str | None]:
    """Return the rating, the answer that was given, and the correction if somebody wrote one."""
    draw = rng.random()
    if draw < 0.05:
        return float(rng.choice((3, 4, 5))), rng.choice(SHORT_ANSWERS), None
    if draw < 0.66:
        return float(rng.choice((4, 5, 5))), right, None
    if draw < 0.74:
        return None, right if rng.random() < 0.7 else wrong, None
    if draw < 0.84:
        return 3.0, right if rng.random() < 0.5 else wrong, None
    return float(rng.choice((1, 2))), wrong, right if rng.random() < 0.45 else None
