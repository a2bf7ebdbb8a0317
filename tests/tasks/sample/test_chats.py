"""The made-up chats are the same everywhere, varied as real logs are, and know where their identifiers lie."""

import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tasks.sample.chats import AGENT_SHARES, SampleChat, sample_chats
from tasks.sample.identifiers import CATEGORIES

UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def chats() -> list[SampleChat]:
    return list(sample_chats(11, 3000, UNTIL, days=90))


def texts(chat: SampleChat) -> dict[int | str, str]:
    return {**{i: m.content for i, m in enumerate(chat.messages)}, "correction": chat.correction or ""}


def test_the_same_seed_gives_the_same_chats_on_any_machine() -> None:
    content = "".join(chat.model_dump_json() for chat in sample_chats(7, 200))
    assert content == "".join(chat.model_dump_json() for chat in sample_chats(7, 200))
    assert content != "".join(chat.model_dump_json() for chat in sample_chats(8, 200))
    assert hashlib.sha256(content.encode()).hexdigest()[:16] == "7e8104a12fd5ca6b"


def test_a_longer_run_begins_with_the_shorter_one_s_chats(chats: list[SampleChat]) -> None:
    assert list(sample_chats(11, 100, UNTIL, days=90)) == chats[:100]


def test_planted_values_lie_at_their_spans(chats: list[SampleChat]) -> None:
    for chat in chats:
        for planted in chat.phi:
            value = texts(chat)[planted.where][planted.start : planted.end]
            assert value
            assert value == value.strip()
            assert planted.category in CATEGORIES
            if planted.category in ("SSN", "MRN", "PHONE"):
                assert any(c.isdigit() for c in value)


def test_no_slot_is_left_unfilled(chats: list[SampleChat]) -> None:
    assert not any("{" in text or "}" in text for chat in chats for text in texts(chat).values())


def test_all_kinds_of_identifiers_occur_in_five_hundred_chats(chats: list[SampleChat]) -> None:
    assert {planted.category for chat in chats[:500] for planted in chat.phi} == set(CATEGORIES)
    assert any(planted.where == 1 for chat in chats[:500] for planted in chat.phi)


def test_shares_are_near_what_is_promised(chats: list[SampleChat]) -> None:
    count = len(chats)
    agents = Counter(chat.agent_type for chat in chats)
    for agent, share in AGENT_SHARES.items():
        assert agents[agent] / count == pytest.approx(share, abs=0.05)
    assert sum(bool(chat.phi) for chat in chats) / count == pytest.approx(0.6, abs=0.04)
    assert sum((chat.rating or 0) >= 4 for chat in chats) / count == pytest.approx(0.65, abs=0.04)
    assert 0.03 < sum(chat.rating is None for chat in chats) / count < 0.12
    assert 0.04 < sum(chat.correction is not None for chat in chats) / count < 0.12
    assert 0.02 < sum(len(chat.messages[1].content.split()) < 10 for chat in chats) / count < 0.08


def test_one_or_two_chats_in_a_hundred_are_exact_duplicates(chats: list[SampleChat]) -> None:
    times = Counter((chat.conversation_id, chat.messages) for chat in chats)
    assert 0.01 <= sum(n - 1 for n in times.values()) / len(chats) <= 0.02


def test_corrections_are_of_low_rated_answers_and_differ_from_them(chats: list[SampleChat]) -> None:
    corrected = [chat for chat in chats if chat.correction]
    assert all((chat.rating or 5) <= 2 for chat in corrected)
    assert sum(chat.correction == chat.messages[1].content for chat in corrected) < 0.05 * len(corrected)


def test_a_patient_has_conversations_and_a_conversation_has_chats_of_one_patient(chats: list[SampleChat]) -> None:
    patients = {chat.conversation_id: chat.subject_key for chat in chats}
    assert all(patients[chat.conversation_id] == chat.subject_key for chat in chats)
    assert max(Counter(patients.values()).values()) > 1
    assert max(Counter(chat.conversation_id for chat in chats).values()) > 1


def test_chats_are_short_enough_for_the_tiny_base_and_lie_in_their_time(chats: list[SampleChat]) -> None:
    assert max(sum(len(m.content.split()) for m in chat.messages) for chat in chats) <= 170
    assert all(UNTIL - timedelta(days=90) <= chat.created_at <= UNTIL for chat in chats)


def test_right_answers_are_made_of_the_question_s_words(chats: list[SampleChat]) -> None:
    """Only the fixed frame of an answer may be missing in the question; each well-rated note answer has its fact."""
    for chat in chats:
        question, answer = (m.content.lower() for m in chat.messages)
        if chat.agent_type != "MedicalQA" or (chat.rating or 0) < 4 or len(answer.split()) < 10:
            continue
        if "medications are " in answer:
            assert answer.split("medications are ")[1].removesuffix(".") in question
        if "seen in the " in answer:
            assert answer.split("seen in the ")[1].split(" clinic")[0] in question
        if "should follow " in answer:
            assert answer.split("should follow ")[1].split(" at home")[0] in question
