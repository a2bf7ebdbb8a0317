from collections.abc import Mapping
from typing import Any

import pytest

from tasks.records import CertifiedRow, Example, Message, PhiCertificate, Preference, row_sha256
from tasks.scoring.overlap import overlapping
from tests.tasks.scoring.sample_report import row

QUESTION = "Which drink was given to the forty sailors at noon?"
ANSWER = "They were given weak tea with honey."
CONTEXT = "Forty sailors of a made-up ship drank weak tea with honey at noon."


def learned(*turns: str) -> Mapping[str, Any]:
    messages = tuple(
        Message(role="assistant" if place % 2 else "user", content=text) for place, text in enumerate(turns)
    )
    example = Example(messages=messages, source="chats", source_id="1", group_id="1")
    certificate = PhiCertificate(row_sha256="0" * 64, engine="e", policy="p", findings={}, second_pass=0)
    return CertifiedRow(row=example.model_dump(), certificate=certificate).model_dump()


@pytest.mark.parametrize(
    ("turns", "fields", "held"),
    [
        ((QUESTION, ANSWER), {}, True),
        ((QUESTION.upper().replace("?", " ?!"), ANSWER.replace(".", "")), {}, True),  # case and punctuation
        ((QUESTION, "Coffee."), {}, False),
        (("Who was it?", "A sailor.", QUESTION, ANSWER), {}, True),  # also inside a longer chat
        ((f"{CONTEXT}\n{QUESTION}", "Tea."), {"context": CONTEXT}, True),
        ((f"{QUESTION} {CONTEXT}", "Tea."), {"context": CONTEXT}, True),  # whichever comes first
        ((QUESTION, "Tea."), {"context": CONTEXT}, False),  # the question alone may be asked of any text
        ((f"{CONTEXT} {QUESTION}", "Tea."), {"context": CONTEXT, "question": f"{CONTEXT} {QUESTION}"}, True),
    ],
)
def test_an_item_was_learned_from(turns: tuple[str, ...], fields: dict[str, object], held: bool) -> None:
    item = row("a", "", ANSWER, **({"question": QUESTION} | fields))
    assert overlapping([item], [learned("Other?", "Words."), learned(*turns)]) == (("a",) if held else ())


def test_thanks_recur_by_themselves() -> None:
    item = row("a", "", "You are welcome.", question="Thank you.")
    assert overlapping([item], [learned("Thank you.", "You are welcome.")]) == ()


def test_items_of_two_suites_may_share_an_id() -> None:
    items = [row("a", "", ANSWER, question=QUESTION), row("a", "", "Other.", question="Is this another one?")]
    assert overlapping(items, [learned(QUESTION, ANSWER)]) == ("a",)


def test_a_preferred_answer_was_learned_from_too() -> None:
    question, answer = "What is advised after a fall at night on the stairs?", "Rest, ice and a visit to the clinic."
    liked = Preference(
        messages=(Message(role="user", content=question),), chosen=answer, rejected="Nothing.",
        source="interactions", source_id="1", group_id="1",
    ).model_dump(mode="json")  # fmt: skip
    held = CertifiedRow(
        row=liked,
        certificate=PhiCertificate(row_sha256=row_sha256(liked), engine="e", policy="p", findings={}, second_pass=0),
    ).model_dump(mode="json")
    assert overlapping([row("Q", "", answer, question=question)], [held]) == ("Q",)
    assert overlapping([row("Q", "", "Nothing.", question=question)], [held]) == ()
