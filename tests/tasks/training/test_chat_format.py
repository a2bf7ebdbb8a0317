from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from tasks.errors import TrainingError
from tasks.records import Message
from tasks.training.chat_format import IGNORED, QUESTION_WORDS, encode, length, shortened

CHAT = (
    Message(role="system", content="You answer from notes."),
    Message(role="user", content="What lies beside the mango?"),
    Message(role="assistant", content="The river lies beside the mango."),
    Message(role="user", content="And the river?"),
    Message(role="assistant", content="The mango.\nThe mango lies there."),
)
TEMPLATES = {
    "ChatML": None,
    "trims and puts no line break after the end": (
        "{% for m in messages %}<|im_start|>{{ m.role }}: {{ m.content | trim }}<|im_end|>{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant: {% endif %}"
    ),
}
STRIPS_HISTORY = (
    "{% for m in messages %}{{ m.role }}: {% if loop.last or m.role == 'user' %}{{ m.content }}{% endif %}<|im_end|>"
    "{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}"
)
NO_SYSTEM = "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no') }}{% endif %}{% endfor %}"


@pytest.fixture
def tokenizer(small_base: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(small_base)


@pytest.mark.parametrize("template", TEMPLATES)
def test_labels_are_the_answers_and_their_end_tokens(tokenizer: PreTrainedTokenizerBase, template: str) -> None:
    tokenizer.chat_template = TEMPLATES[template] or tokenizer.chat_template
    ids, labels = encode(tokenizer, CHAT, 500) or ([], [])
    learned = tokenizer.decode([label for label in labels if label != IGNORED])
    assert learned == "The river lies beside the mango.<|im_end|>The mango.\nThe mango lies there.<|im_end|>"
    assert all(label in (IGNORED, token) for token, label in zip(ids, labels, strict=True))


def test_token_ids_are_those_of_the_template_itself(tokenizer: PreTrainedTokenizerBase) -> None:
    turns = [message.model_dump() for message in CHAT]
    ids, _ = encode(tokenizer, CHAT, 500) or ([], [])
    assert ids == tokenizer.apply_chat_template(turns, tokenize=True, return_dict=False)


def test_the_unlabelled_beginning_is_what_generation_starts_from(tokenizer: PreTrainedTokenizerBase) -> None:
    turns = [message.model_dump() for message in CHAT[:2]]
    prompt = tokenizer.apply_chat_template(turns, tokenize=True, return_dict=False, add_generation_prompt=True)
    ids, labels = encode(tokenizer, CHAT[:3], 500) or ([], [])
    assert ids[: len(prompt)] == prompt
    assert set(labels[: len(prompt)]) == {IGNORED}
    assert labels[len(prompt)] == ids[len(prompt)]


def test_a_longer_chat_is_left_out_and_one_that_just_fits_is_not(tokenizer: PreTrainedTokenizerBase) -> None:
    ids, _ = encode(tokenizer, CHAT, 500) or ([], [])
    assert encode(tokenizer, CHAT, len(ids)) is not None
    assert encode(tokenizer, CHAT, len(ids) - 1) is None


@pytest.mark.parametrize("template", [STRIPS_HISTORY, NO_SYSTEM])
def test_a_template_that_hides_answers_or_refuses_roles_is_refused(
    tokenizer: PreTrainedTokenizerBase, template: str
) -> None:
    tokenizer.chat_template = template
    with pytest.raises(TrainingError) as caught:
        encode(tokenizer, CHAT, 500)
    assert "mango" not in str(caught.value)


LONG = (
    Message(role="system", content="You answer from notes."),
    *(
        Message(role=role, content=f"{text} {number}.")  # type: ignore[arg-type]
        for number in range(6)
        for role, text in (("user", "What lies beside the mango in garden"), ("assistant", "The river lies in garden"))
    ),
)


def test_a_shortened_chat_loses_its_oldest_exchanges_and_nothing_else(tokenizer: PreTrainedTokenizerBase) -> None:
    for kept in range(1, 6):
        wanted = (LONG[0], *LONG[-2 * kept :])
        exactly = length(tokenizer, wanted)
        assert shortened(tokenizer, LONG, exactly) == wanted
        assert shortened(tokenizer, LONG, exactly + 3) == wanted
    assert shortened(tokenizer, LONG, length(tokenizer, LONG)) == LONG


def test_then_the_question_loses_its_beginning_and_the_answer_stays_whole(tokenizer: PreTrainedTokenizerBase) -> None:
    words = [f"w{number}" for number in range(200)]
    chat = (
        Message(role="user", content="An older question?"),
        Message(role="assistant", content="An older answer."),
        Message(role="user", content=" ".join(words)),
        Message(role="assistant", content="The mango."),
    )
    for limit in range(100, 500, 37):
        short = shortened(tokenizer, chat, limit)
        assert short is not None
        question, answer = short
        assert answer == chat[-1]
        assert " ".join(words).endswith(question.content)
        left = len(question.content.split())
        assert QUESTION_WORDS <= left < 200
        _, labels = encode(tokenizer, short, limit) or ([], [])
        assert tokenizer.decode([label for label in labels if label != IGNORED]) == "The mango.<|im_end|>"
        one_more = (Message(role="user", content=" ".join(words[-left - 1 :])), answer)
        assert length(tokenizer, one_more) > limit


@pytest.mark.parametrize("limit", [8, 20])
def test_what_cannot_be_shortened_without_its_answer_is_left_out(
    tokenizer: PreTrainedTokenizerBase, limit: int
) -> None:
    chat = (Message(role="user", content="Well? " * 40), Message(role="assistant", content="The river. " * 40))
    assert shortened(tokenizer, chat, limit) is None
    assert shortened(tokenizer, (Message(role="assistant", content="The river. " * 40),), limit) is None
