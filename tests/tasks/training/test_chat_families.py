"""Of every family that a recipe names, the labels are exactly the answers and their end tokens."""

import itertools
import warnings
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from tasks.errors import TrainingError
from tasks.records import Message, Role
from tasks.training.base_loading import open_tokenizer
from tasks.training.chat_format import IGNORED, encode
from tests.tasks.training.families import FAMILIES, TRL, Family, tokenizer_of

TOKENIZERS = {family.name: tokenizer_of(family) for family in FAMILIES}
BY_NAME = {family.name: family for family in FAMILIES}
every_family = pytest.mark.parametrize("name", TOKENIZERS)
PLAIN = ("What lies beside the river?", "The mango.", "And 12 mg of it?", "No: 12.5 mg, twice a day.\nThen rest.")


def chat(*said: str, system: str | None = None) -> tuple[Message, ...]:
    """Return what user and assistant said in turn."""
    roles: itertools.cycle[Role] = itertools.cycle(("user", "assistant"))
    turns = tuple(Message(role=role, content=text) for role, text in zip(roles, said, strict=False))
    return turns if system is None else (Message(role="system", content=system), *turns)


def encoded(tokenizer: PreTrainedTokenizerFast, turns: tuple[Message, ...]) -> tuple[list[int], list[int]]:
    found = encode(tokenizer, turns, 10_000)
    assert found is not None
    ids, labels = found
    assert all(label in (IGNORED, token) for token, label in zip(ids, labels, strict=True))
    return ids, labels


def learned(tokenizer: PreTrainedTokenizerFast, turns: tuple[Message, ...]) -> list[str]:
    """Return what stands in each unbroken run of labels."""
    _, labels = encoded(tokenizer, turns)
    runs = [list(run) for is_answer, run in itertools.groupby(labels, lambda label: label != IGNORED) if is_answer]
    return [tokenizer.decode(run).removeprefix(" ") for run in runs]


def expected(family: Family, *answers: str) -> list[str]:
    written = [*answers[:-1], family.before_last + answers[-1]]
    return [answer + family.end for answer in written]


CASES = {
    "one turn": chat(*PLAIN[:2]),
    "several turns": chat(*PLAIN),
    "emoji": chat("How is she? 🤒🏽", "Better 🙂, 37.5 °C. 👩‍⚕️"),
    "digits": chat("What is 2024 minus 1987?", "37"),
    "trailing white space": chat("Well? \n ", "  Yes, very well. \n\n"),
    "an answer that repeats the question": chat("Rest.", "Rest.", "Rest.", "Rest."),
    "an answer that is a word of the template": chat("Who?", "assistant", "What?", "think"),
}


@every_family
@pytest.mark.parametrize("case", CASES)
def test_labels_are_the_answers_and_their_end_tokens(name: str, case: str) -> None:
    answers = [m.content.strip() for m in CASES[case] if m.role == "assistant"]
    assert learned(TOKENIZERS[name], CASES[case]) == expected(BY_NAME[name], *answers)


@every_family
@pytest.mark.parametrize("system", ["You answer from notes.", ""])
def test_a_system_message_is_never_learned_and_refused_where_a_family_has_none(name: str, system: str) -> None:
    turns = chat(*PLAIN, system=system)
    if not BY_NAME[name].takes_system:
        with pytest.raises(TrainingError, match="refuses the roles system, user, assistant") as caught:
            encode(TOKENIZERS[name], turns, 10_000)
        assert "mango" not in str(caught.value)
        return
    assert learned(TOKENIZERS[name], turns) == expected(BY_NAME[name], PLAIN[1], PLAIN[3])
    ids, _ = encoded(TOKENIZERS[name], turns)
    assert system in TOKENIZERS[name].decode(ids)


@every_family
def test_token_ids_are_those_of_the_template_itself(name: str) -> None:
    tokenizer, turns = TOKENIZERS[name], chat(*PLAIN)
    own = tokenizer.apply_chat_template([m.model_dump() for m in turns], tokenize=True, return_dict=False)
    ids, _ = encoded(tokenizer, turns)
    if BY_NAME[name].rendered_as_is:
        assert ids == own
    else:
        assert tokenizer.decode(ids).replace("<think>\n\n</think>\n\n", "") == tokenizer.decode(own)


@every_family
def test_the_unlabelled_beginning_is_what_generation_starts_from(name: str) -> None:
    tokenizer = TOKENIZERS[name]
    asked = [m.model_dump() for m in chat(*PLAIN[:3])]
    prompt = tokenizer.apply_chat_template(asked, tokenize=True, return_dict=False, add_generation_prompt=True)
    ids, labels = encoded(tokenizer, chat(*PLAIN))
    assert ids[: len(prompt)] == prompt
    assert labels[len(prompt) - 1] == IGNORED
    assert labels[len(prompt)] == ids[len(prompt)]


@every_family
def test_control_tokens_that_are_typed_stay_words(name: str) -> None:
    """The vocabulary's own end in a question, or in an answer, ends nothing: all of it stands there to be read."""
    tokenizer, family = TOKENIZERS[name], BY_NAME[name]
    shouted = "".join(family.special)
    typed = chat(f"Ignore it.{shouted}Now what?", f"Write {family.end} at the end.", f"{shouted}", "Well.")
    tame = chat("Ignore it. Now what?", "Write it at the end.", "Hm?", "Well.")
    ids, _ = encoded(tokenizer, typed)
    harmless, _ = encoded(tokenizer, tame)
    for token in tokenizer.convert_tokens_to_ids(list(family.special)):
        assert ids.count(token) == harmless.count(token)
    assert learned(tokenizer, typed)[1:] == learned(tokenizer, tame)[1:]
    assert "".join(learned(tokenizer, typed)[0].split()) == f"Write{family.end}attheend.{family.end}"
    assert "".join(tokenizer.decode(ids).split()).count("".join(shouted.split())) == 2


@pytest.mark.parametrize("name", [family.name for family in FAMILIES if family.trl])
def test_labels_are_those_of_trls_marked_templates(name: str) -> None:
    marked = (TRL / f"{BY_NAME[name].trl}.jinja").read_text(encoding="utf-8")
    turns = [m.model_dump() for m in chat(*PLAIN)]
    theirs = TOKENIZERS[name].apply_chat_template(
        turns, chat_template=marked, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    ids, labels = encoded(TOKENIZERS[name], chat(*PLAIN))
    assert ids == theirs["input_ids"]
    mask = [label != IGNORED for label in labels]
    after_the_end = {"\n"}  # which some of their marks take in
    for place, (ours, mark) in enumerate(zip(mask, theirs["assistant_masks"], strict=True)):
        assert ours == bool(mark) or TOKENIZERS[name].decode([ids[place]]) in after_the_end


THOUGHT = "<think>\nA mango is a fruit.\n</think>\n\nThe mango."


@pytest.mark.parametrize(
    ("name", "answers", "why"),
    [
        ("Qwen3", [f"{THOUGHT}<|im_end|>"], "the template keeps the last thought"),
        (
            "DeepSeek-R1 distil",
            ["A mango is a fruit.\n</think>\n\nThe mango.<｜end▁of▁sentence｜>"],
            "its prompt opens it",
        ),
        ("Llama 3", [f"{THOUGHT}<|eot_id|>"], "to others it is words"),
    ],
)
def test_a_thought_is_learned_where_the_model_has_to_write_it(name: str, answers: list[str], why: str) -> None:
    assert learned(TOKENIZERS[name], chat(PLAIN[0], THOUGHT)) == answers, why


@pytest.mark.parametrize("name", ["Qwen3", "DeepSeek-R1 distil"])
def test_earlier_thoughts_are_left_out_as_the_template_leaves_them_out(name: str) -> None:
    family = BY_NAME[name]
    turns = chat(PLAIN[0], THOUGHT, PLAIN[2], PLAIN[3])
    assert learned(TOKENIZERS[name], turns) == expected(family, "The mango.", PLAIN[3])


@every_family
def test_the_pad_is_not_the_end(name: str, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        TOKENIZERS[name].save_pretrained(tmp_path)
        tokenizer = open_tokenizer(tmp_path)
    end = tokenizer.convert_tokens_to_ids(BY_NAME[name].end)
    assert tokenizer.pad_token_id is not None
    assert tokenizer.pad_token_id not in (tokenizer.eos_token_id, end)
    assert learned(tokenizer, chat(*PLAIN)) == expected(BY_NAME[name], PLAIN[1], PLAIN[3])


def test_a_template_without_an_end_token_is_refused_with_the_fix() -> None:
    tokenizer = tokenizer_of(BY_NAME["builtin:tiny"])
    tokenizer.chat_template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    with pytest.raises(TrainingError, match="would not learn to stop") as caught:
        encode(tokenizer, chat(*PLAIN), 10_000)
    assert "plain_chat.jinja" in caught.value.fix


@pytest.mark.parametrize(
    "written",
    [
        "{{ m.content | upper }}",
        "{{ m.content | replace('mango', 'fig') }}",
        "{{ m.content[:5] }}",
        "{{ m.content }}" * 2,
    ],
)
def test_a_template_that_rewrites_answers_is_refused_with_the_fix(written: str) -> None:
    tokenizer = tokenizer_of(BY_NAME["builtin:tiny"])
    tokenizer.chat_template = f"{{% for m in messages %}}{{{{ m.role }}}}: {written}<|im_end|>\n{{% endfor %}}"
    with pytest.raises(TrainingError, match="hides where an answer begins") as caught:
        encode(tokenizer, chat(*PLAIN), 10_000)
    assert "take a base" in caught.value.fix
