"""Every answer stands in the document or is the one sentence that says it does not; few are the latter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dataset.discharge_questions import (
    DRUGS,
    NOT_MENTIONED,
    PHRASINGS,
    discharge_examples,
    discharge_questions,
)
from tasks.dataset.discharge_topics import TOPICS
from tasks.records import Document, Example, Section

SUMMARY = (
    ("Hospital course", "Treated for cellulitis. Improved on antibiotics."),
    ("Discharge medications", "1. Lisinopril 10 mg by mouth once daily\n2. Cephalexin 500 mg PO q6h x 7 days"),
    ("Diet", "Low sodium."),
    (
        "Discharge instructions",
        "No lifting above 10 pounds. Call the office if you have a fever. Keep the dressing dry.",
    ),
    ("Follow-up", "See Dr. [NAME] in the clinic on [DATE]."),
)


def document(*sections: tuple[str, str], source_id: str = "0123456789abcdef", **more: str) -> Document:
    parts = tuple(Section(label=label, text=text) for label, text in sections)
    return Document(source="documents", source_id=source_id, title="Discharge summary", sections=parts, **more)


def answers(doc: Document) -> dict[str, set[str]]:
    told: dict[str, set[str]] = {}
    for question in discharge_questions(doc):
        told.setdefault(question.kind, set()).add(question.answer)
    return told


def asked(example: Example) -> tuple[str, str]:
    shown, _, question = example.messages[0].content.rpartition("\n\n")
    return shown, question


def test_a_summary_is_asked_about_everything_that_it_tells() -> None:
    told = answers(document(*SUMMARY))
    assert told["medications"] == {SUMMARY[1][1]}
    assert told["names"] == {"Lisinopril\nCephalexin"}
    assert told["sig"] >= {"10 mg by mouth once daily", "500 mg PO q6h x 7 days"}
    assert told["diet"] == {"Low sodium."}
    assert told["activity"] == {"No lifting above 10 pounds."}
    assert told["warnings"] == {"Call the office if you have a fever."}
    assert told["wound_care"] == {"Keep the dressing dry."}
    assert told["follow_up"] == {"See Dr. [NAME] in the clinic on [DATE]."}


def test_over_many_documents_every_field_is_asked_for() -> None:
    kinds = {q.kind for n in range(30) for q in discharge_questions(document(*SUMMARY, source_id=f"{n}"))}
    assert kinds == set(PHRASINGS)


@pytest.mark.parametrize(
    ("section", "kind"),
    [
        (("Admission medications", "Lisinopril 10 mg daily"), "medications"),
        (("Medications to stop", "Lisinopril 10 mg daily"), "medications"),
        (("Allergies to medications", "Penicillin"), "medications"),
        (("Medications", "See attached list."), "medications"),
        (("Social history", "She eats a vegetarian diet. She lifts weights."), "diet"),
        (("Hospital course", "She was given a low sodium diet. The wound was dressed."), "wound_care"),
        (("Instructions", "Return to the office in two weeks for a checkup."), "warnings"),
        (("Emergency department course", "Seen for fever."), "warnings"),
        (("Motor activity", "Normal."), "activity"),
    ],
)
def test_what_is_told_of_the_past_or_of_other_things_is_no_answer(section: tuple[str, str], kind: str) -> None:
    assert answers(document(section)).get(kind, set()) <= {NOT_MENTIONED}


def test_the_list_at_discharge_goes_before_the_list_of_before() -> None:
    told = answers(document(("Medications", "Zinc 5 mg daily"), ("Discharge Meds", "Iron 65 mg daily")))
    assert told["medications"] == {"Iron 65 mg daily"}


def test_a_drug_listed_twice_is_not_asked_about() -> None:
    told = answers(document(("Medications", "Iron 65 mg daily\nIron 130 mg at bedtime")))
    assert told["medications"] == {"Iron 65 mg daily\nIron 130 mg at bedtime"}
    assert "130 mg" not in str(told.get("dose")) + str(told.get("sig"))


def test_names_are_listed_only_where_every_entry_is_parsed() -> None:
    assert "names" not in answers(document(("Medications", "Iron 65 mg daily\nZinc 5 mg daily\nInsulin as before")))


@pytest.mark.parametrize("kind", list(TOPICS))
def test_a_topic_that_is_touched_anywhere_is_never_not_mentioned(kind: str) -> None:
    words = {
        "diet": "drinks alcohol",
        "activity": "walks daily",
        "follow_up": "was seen in clinic",
        "warnings": "call for fever",
        "wound_care": "laceration closed",
    }
    doc = document(("Medications", "Iron 65 mg daily"), ("Hospital course", f"The patient {words[kind]}."))
    assert NOT_MENTIONED not in answers(doc).get(kind, set())


def test_a_field_is_not_mentioned_only_where_the_drug_stands_once() -> None:
    once = document(("Medications", "Iron 65 mg daily"))
    twice = document(("Medications", "Iron 65 mg daily"), ("Plan", "Give iron for 3 weeks."))
    assert NOT_MENTIONED in answers(once)["duration"]
    assert "duration" not in answers(twice)


@pytest.mark.parametrize("drug", list(DRUGS))
def test_a_drug_that_stands_there_under_any_name_is_not_called_missing(drug: str) -> None:
    for name in (drug, *DRUGS[drug]):
        doc = document(("Medications", "Iron 65 mg daily"), ("Course", f"{name.upper()} was given."))
        assert not any(drug in q.text for q in discharge_questions(doc))


def test_documents_in_other_languages_make_no_examples() -> None:
    assert list(discharge_examples(document(*SUMMARY, language="de"), "MedicalQA")) == []


def test_a_document_that_answers_nothing_makes_no_examples() -> None:
    assert list(discharge_examples(document(("Findings", "Normal chest.")), "MedicalQA")) == []


def test_examples_carry_where_they_come_from() -> None:
    own = list(discharge_examples(document(*SUMMARY, subject_key="ab12"), "MedicalQA"))
    other = list(discharge_examples(document(*SUMMARY), "MedicalQA"))
    assert {(e.source, e.source_id, e.kind, e.agent_type) for e in own} == {
        ("documents", "0123456789abcdef", "sft", "MedicalQA")
    }
    assert {(e.group_id, e.subject_key) for e in own} == {("ab12", "ab12")}
    assert {(e.group_id, e.subject_key) for e in other} == {("documents:0123456789abcdef", "")}


def test_the_same_document_is_always_asked_alike_and_another_otherwise() -> None:
    assert list(discharge_examples(document(*SUMMARY), "a")) == list(discharge_examples(document(*SUMMARY), "a"))
    phrasings = {asked(e)[1] for n in range(40) for e in discharge_examples(document(*SUMMARY, source_id=f"{n}"), "a")}
    assert set(PHRASINGS["diet"]) <= phrasings


def test_a_long_document_is_shown_by_the_sections_that_answer() -> None:
    doc = document(*SUMMARY, ("Course", "Stable. " * 500))
    for example in discharge_examples(doc, "a", max_chars=300):
        shown, _ = asked(example)
        assert len(shown) <= 300
    assert any("Low sodium." in asked(e)[0] for e in discharge_examples(doc, "a", max_chars=300))


def test_a_question_whose_section_does_not_fit_is_left_out() -> None:
    assert list(discharge_examples(document(("Diet", "Low sodium. " * 20)), "a", max_chars=100)) == []


LINES = st.sampled_from(
    (
        "Lisinopril 10 mg by mouth once daily", "Iron 65 mg daily", "Insulin as before", "1. Zinc 5 mg PO b.i.d.",
        "Prednisone 20 mg daily for 2 days, then 10 mg daily", "[NAME] 5 mg daily", "See Dr. [NAME] on [DATE].",
        "No lifting.", "Low salt diet. Call if you have a fever, or come back.", "Keep the wound dry; no bath.", "90+",
        "Warfarin 5 mg daily and aspirin 81 mg daily until [DATE]", "None.", "Refer to chart.",
    )
)  # fmt: skip
SECTIONS = st.tuples(
    st.sampled_from(
        ("", "Discharge medications", "MEDICATIONS", "Diet", "Diet and activity", "Instructions", "Plan", "Follow-up",
         "When to call", "Wound care", "Hospital course", "Allergies")
    ),
    st.lists(LINES, min_size=1, max_size=6).map("\n".join),
)  # fmt: skip


@given(st.lists(SECTIONS, max_size=8), st.integers(0, 50), st.sampled_from((150, 600, 5_000)))
def test_every_answer_stands_in_what_the_question_shows(
    sections: list[tuple[str, str]], number: int, max_chars: int
) -> None:
    examples = list(discharge_examples(document(*sections, source_id=f"{number}"), "a", max_chars=max_chars))
    unanswered = 0
    for example in examples:
        shown, _ = asked(example)
        answer = example.messages[1].content
        assert len(shown) <= max_chars
        assert answer.strip() == answer != ""
        if answer == NOT_MENTIONED:
            unanswered += 1
        else:
            assert all(line in " ".join(shown.split()) or line in shown for line in answer.splitlines())
    assert unanswered * 5 <= len(examples)
