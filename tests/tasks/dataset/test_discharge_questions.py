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
    ("Follow-up", "See Dr. [REDACTED-NAME] in the clinic on [REDACTED-DATE]."),
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
    assert told["follow_up"] == {"See Dr. [REDACTED-NAME] in the clinic on [REDACTED-DATE]."}


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


ABOUT_MEDICATIONS = ("medications", "names", "sig", "dose", "route", "frequency", "duration")


def answered_on_medications(doc: Document) -> set[str]:
    told = answers(doc)
    return {answer for kind in ABOUT_MEDICATIONS for answer in told.get(kind, set())} - {NOT_MENTIONED}


@pytest.mark.parametrize(
    "label",
    [
        "MEDICATIONS NOT TO TAKE",
        "Home Medications (do not take until you see your doctor)",
        "Home medications you don't take any more",
        "Home medications you don’t take any more",
        "Never take these medications",
        "Discontinued home medications",
        "Home meds on hold",
        "Home meds d/c'd",
        "Discharge medications: no longer",
    ],
)
def test_a_label_that_says_not_to_take_gives_no_directions(label: str) -> None:
    assert answered_on_medications(document((label, "Ibuprofen 400 mg by mouth daily\nIron 65 mg daily"))) == set()
    told = answered_on_medications(document(("Discharge medications", "Zinc 5 mg daily"), (label, "Iron 65 mg daily")))
    assert "Zinc 5 mg daily" in told
    assert "65" not in str(told)


@pytest.mark.parametrize(
    "line",
    [
        "The following were stopped:",
        "HOLD these:",
        "Held in hospital:",
        "Do not take:",
        "Don't take these.",
        "Discontinue the following",
        "D/C lisinopril",
        "You should no longer take:",
        "STOP zinc 5 mg daily",
        "Zinc 5 mg daily for colds on hold",
    ],
)
@pytest.mark.parametrize("label", ["Discharge Medications", "Medications"])
def test_a_list_that_holds_an_order_to_stop_gives_no_directions(label: str, line: str) -> None:
    for text in (f"{line}\nLisinopril 10 mg by mouth daily", f"Lisinopril 10 mg by mouth daily\n{line}"):
        assert answered_on_medications(document((label, text), ("Medications taken", "Iron 65 mg daily"))) == set()


def test_when_an_entry_ends_is_no_order_to_stop_the_others() -> None:
    told = answers(document(("Discharge medications", "Iron 65 mg daily stop on [REDACTED-DATE]\nZinc 5 mg daily")))
    assert told["sig"] >= {"65 mg daily stop on [REDACTED-DATE]", "5 mg daily"}


@pytest.mark.parametrize("label", ["P.R.N. MEDICATIONS", "PRN meds", "As-needed medications", "Take when needed: meds"])
def test_a_list_of_what_is_taken_as_needed_is_answered_only_whole_and_with_its_label(label: str) -> None:
    told = answered_on_medications(document((label, "Tylenol 650 mg p.o. every 4 hours\nIron 65 mg daily")))
    assert told == {f"{label}:\nTylenol 650 mg p.o. every 4 hours\nIron 65 mg daily"}


def test_beside_a_list_as_needed_every_list_stands_below_its_label() -> None:
    doc = document(("Home PRN meds", "Tylenol 650 mg daily"), ("Discharge meds", "Iron 65 mg daily"))
    told = answered_on_medications(doc)
    assert "Home PRN meds:\nTylenol 650 mg daily\nDischarge meds:\nIron 65 mg daily" in told
    assert "65 mg daily" in told
    assert "650 mg daily" not in told


def test_below_a_line_that_says_as_needed_no_drug_is_asked_about_alone() -> None:
    for heading in ("As needed:", "Taken only when needed", "P.R.N.: Motrin 400 mg"):
        text = f"{heading}\nTylenol 650 mg every 4 hours"
        assert answered_on_medications(document(("Medications", text))) == {text}


def test_what_is_unparsed_and_taken_as_needed_says_nothing_of_the_others() -> None:
    told = answers(document(("Medications", "Iron 65 mg daily\nTylenol 650 mg p.r.n. pain: see label")))
    assert "65 mg daily" in told["sig"]


def test_a_list_of_which_no_entry_is_parsed_is_no_answer() -> None:
    assert answered_on_medications(document(("Medications", "Reviewed with the family.\nInsulin as before"))) == set()


def test_a_name_within_another_entry_is_named_twice() -> None:
    told = answers(document(("Medications", "Iron 65 mg daily\nIron sucrose 200 mg IV weekly\nZinc 5 mg daily")))
    assert told["sig"] - {NOT_MENTIONED} == {"200 mg IV weekly", "5 mg daily"}


def test_a_name_with_a_second_one_in_parentheses_is_asked_about() -> None:
    assert "325 mg daily" in answers(document(("Medications", "acetaminophen (Tylenol) 325 mg daily")))["sig"]


@pytest.mark.parametrize("kind", list(TOPICS))
@pytest.mark.parametrize(
    "nothing",
    ["Not documented", "not applicable", "Deferred.", "not recorded", "Not available at this time", "None documented.",
     "No information available", "N/A", "See chart.", "Per chart."],
)  # fmt: skip
def test_what_says_nothing_is_no_answer(kind: str, nothing: str) -> None:
    labels = {
        "diet": "Diet", "activity": "Activity", "follow_up": "Follow-up", "warnings": "Warnings",
        "wound_care": "Wound care",
    }  # fmt: skip
    assert answers(document((labels[kind], nothing))).get(kind, set()) <= {NOT_MENTIONED}
    inside = document(("Discharge instructions", f"{labels[kind]}: {nothing}\nRest well."))
    assert answers(inside).get(kind, set()) <= {NOT_MENTIONED}


@pytest.mark.parametrize(
    ("label", "text", "kind"),
    [
        ("Activity", "No restrictions.", "activity"),
        ("Diet", "As tolerated.", "diet"),
        ("Wound care", "Not needed after [REDACTED-DATE].", "wound_care"),
        ("Instructions", "Call the office in case of fever, or if it bleeds.", "warnings"),
        ("Warnings", "Do not wait. Call if you have a fever.", "warnings"),
        (
            "Follow-up",
            "Discharged to a nursing home; follow-up with Dr. [REDACTED-NAME] on [REDACTED-DATE].",
            "follow_up",
        ),
        ("Follow-up", "Discharged to a nursing home.\nSee Dr. [REDACTED-NAME] in May.", "follow_up"),
    ],
)
def test_what_only_looks_like_nothing_is_an_answer(label: str, text: str, kind: str) -> None:
    assert answers(document((label, text)))[kind] == {text}


@pytest.mark.parametrize(
    ("label", "text", "kind"),
    [
        ("Instructions", "Do not call the office for refills.", "warnings"),
        ("Instructions", "Please don't call if you have a question on your bill.", "warnings"),
        ("Instructions", "Call in a refill for pain.", "warnings"),
        ("Plan", "Called in an antibiotic for fever.", "warnings"),
        ("When to call", "Do not call for refills.", "warnings"),
        ("Follow-up", "Discharged to a skilled nursing facility.", "follow_up"),
        ("Disposition and follow-up", "The patient was discharged to a skilled nursing facility.", "follow_up"),
        ("Disposition", "She is discharged to rehab for follow-up therapy.", "follow_up"),
    ],
)
def test_a_sentence_that_only_has_the_words_of_a_topic_is_no_answer(label: str, text: str, kind: str) -> None:
    assert answers(document((label, text))).get(kind, set()) <= {NOT_MENTIONED}


def test_a_long_text_that_begins_like_a_reference_is_read_in_bounded_time() -> None:
    assert "diet" not in answers(document(("Diet", "see " + "above " * 8_000)))
    assert answered_on_medications(document(("Medications", "see " + "above " * 8_000))) == set()


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
        "Prednisone 20 mg daily for 2 days, then 10 mg daily", "[REDACTED-NAME] 5 mg daily", "See Dr. [REDACTED-NAME] on [REDACTED-DATE].",  # noqa: E501
        "No lifting.", "Low salt diet. Call if you have a fever, or come back.", "Keep the wound dry; no bath.", "90+",
        "Warfarin 5 mg daily and aspirin 81 mg daily until [REDACTED-DATE]", "None.", "Refer to chart.",
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
