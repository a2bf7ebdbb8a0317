import pytest

from tasks.dataset.validation import is_allowed, length_reason, reject_reason
from tasks.records import CurationPolicy, Example, Message

POLICY = CurationPolicy(agent_type="MedicalQA")


def example(question: str, answer: str, **fields: object) -> Example:
    turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
    given_fields = {"source": "interactions", "source_id": "1", "group_id": "g"} | fields
    return Example(messages=turns, **given_fields)  # type: ignore[arg-type]


GERMAN = "Der Patient soll sich schonen und die Wunde nicht mit Wasser waschen."


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("Which diet is advised?", "A diet low in salt.", None),
        ("Diet now?", "A diet low in salt.", "input too short"),
        ("Diet now??", "A diet low in salt.", None),
        ("x" * 50_001, "Too long to read.", "input too long"),
        ("x" * 50_000, "Just short enough.", None),
        ("Which diet is advised?", " \n", "empty answer"),
        ("Who signed the note?", "[REDACTED-NAME], [REDACTED-DATE].", "placeholders only"),
        ("[REDACTED-NAME]? [REDACTED-DATE]?", "A diet low in salt.", "placeholders only"),
        ("How old is the patient?", "90+", "placeholders only"),
        ("Who signed the note?", "Dr [REDACTED-NAME] did.", None),
        ("Which diet is advised?", "which diet is  ADVISED", "answer echoes the question"),
        (
            "Which diet is advised after discharge?",
            "Yes, which diet is advised after discharge",
            "answer echoes the question",
        ),
        ("Is aspirin safe in pregnancy?", "Aspirin is safe in pregnancy.", None),
        ("Which diet is advised?", "Per last week\ufffds visit, little salt.", "damaged encoding"),
        ("Which diet is advised?", "The patient\u00e2\u20ac\u2122s diet is low in salt.", "damaged encoding"),
        ("What was the fever?", "37 \u00c2\u00b0C in the morning.", "damaged encoding"),
        ("Which diet is advised?", "A diet low\x00 in salt.", "damaged encoding"),
        ("Was ist S\u00c3\u00a3o Paulo?", "A town.", "damaged encoding"),
        ("What is 37 \u00b0C in \u00c2nimo, NA\u00c7\u00c3O, caf\u00e9?", "Column one:\tlow\r\nColumn two.", None),
        ("What is advised after surgery?", GERMAN, "other language"),
        (GERMAN, "Rest and keep it dry.", "other language"),
        ("What is advised?", "\u043f\u043e\u043a\u043e\u0439 \u0438 \u0432\u043e\u0434\u0430", "other language"),
        ("What is the dose?", "Metoprolol 25 mg BID, ASA 81 mg, de novo, per se, et al.", None),
        ("What are \u03b1 and \u03b2 blockers?", "Drugs.", None),
    ],
)
def test_an_example_is_kept_or_refused_with_its_reason(question: str, answer: str, reason: str | None) -> None:
    assert reject_reason(example(question, answer), POLICY) == reason


def test_an_answer_that_quotes_its_long_question_in_part_is_no_echo() -> None:
    note = "The patient slept well. Diet: little salt. Follow-up in two weeks with the cardiologist."
    assert reject_reason(example(f"{note}\nWhich diet?", "Diet: little salt."), POLICY) is None


@pytest.mark.parametrize("field", ["source", "source_id", "group_id"])
def test_an_example_without_its_origin_is_refused(field: str) -> None:
    assert reject_reason(example("Which diet?", "Low salt.", **{field: " "}), POLICY) == "no source, id or group"


def test_an_empty_answer_within_a_conversation_is_refused_because_it_would_be_learned() -> None:
    turns = [("user", "Which diet is advised?"), ("assistant", ""), ("user", "Please answer."), ("assistant", "None.")]
    messages = tuple(Message(role=role, content=said) for role, said in turns)  # type: ignore[arg-type]
    chat = example("", "").model_copy(update={"messages": messages})
    assert reject_reason(chat, POLICY) == "empty answer"


def test_an_example_that_ends_with_the_user_is_no_pair() -> None:
    lone = Example(
        messages=(Message(role="user", content="Which diet is advised?"),), source="s", source_id="1", group_id="g"
    )
    assert reject_reason(lone, POLICY) == "no question-answer pair"


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("", True),
        ("\u00a9 2020 The made-up authors. All rights reserved.", True),
        ("CC BY 4.0", True),
        ("CC-BY-4.0", True),
        ("cc-by-sa-3.0", True),
        ("CC0-1.0", True),
        ("public domain", True),
        ("Apache-2.0", True),
        ("MIT", True),
        ("CC-BY-NC-4.0", False),
        ("CC BY-NC-ND 4.0", False),
        ("GPL-3.0", False),
        ("other", False),
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", True),
    ],
)
def test_a_named_licence_must_be_on_the_list_whatever_its_version(licence: str, allowed: bool) -> None:
    assert is_allowed(licence, POLICY) is allowed
    assert (reject_reason(example("Which diet?", "Low salt.", licence=licence), POLICY) is None) is allowed


@pytest.mark.parametrize(
    "licence",
    ["CC BY NC 4.0", "https://creativecommons.org/licenses/by-nc-nd/4.0/", "Attribution-NonCommercial 4.0",
     "under the CC BY-NC-ND license", "CC BY-ND 4.0"],
)  # fmt: skip
def test_restricted_licence_is_refused_in_whatever_form(licence: str) -> None:
    assert not is_allowed(licence, POLICY)


def test_rows_without_a_named_licence_can_be_refused() -> None:
    strict = POLICY.model_copy(update={"unnamed_licences": False})
    assert not is_allowed("", strict)
    assert is_allowed("CC BY 4.0", strict)


def test_the_expected_language_can_be_another_or_any() -> None:
    german = example("Was ist nach der Operation zu beachten und wie lange?", GERMAN)
    for language, reason in (("deu", None), ("any", None), ("eng", "other language"), ("fra", "other language")):
        assert reject_reason(german, POLICY.model_copy(update={"language": language})) == reason


def test_a_refused_template_and_a_long_example_are_told_apart() -> None:
    assert length_reason(None, POLICY) == "chat template refuses or hides its turns"
    assert length_reason(POLICY.max_tokens + 1, POLICY) == "longer than max_tokens"
    assert length_reason(POLICY.max_tokens, POLICY) is None


@pytest.mark.parametrize("too_long", ["truncate", "raise"])
def test_a_long_example_is_kept_for_a_recipe_that_cuts_or_refuses_it(too_long: str) -> None:
    policy = POLICY.model_copy(update={"too_long": too_long})
    assert length_reason(POLICY.max_tokens + 1, policy) is None
    assert length_reason(None, policy) is not None
