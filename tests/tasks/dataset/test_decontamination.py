import pytest

from tasks.dataset.decontamination import Suites, SuiteText
from tasks.records import Example, Message

ANSWER = (
    "Antinuclear antibodies are present in nearly all patients but are not specific, while antibodies against double"
    " stranded DNA and low complement support that the disease is active."
)
SUMMARY = (
    "Discharge summary of a patient who does not exist, admitted for a cough that moss tea did not cure and sent home"
    " with bark tea three times daily."
)
LUPUS = "What are the typical clinical features of systemic lupus erythematosus, and which antibodies support it?"
SUITES = Suites(
    [
        SuiteText("autoimmune", "Q1", "question", LUPUS),
        SuiteText("autoimmune", "Q1", "answer", ANSWER),
        SuiteText("endocrine", "Q7", "question", "How is Graves disease treated?"),
        SuiteText("endocrine", "Q7", "answer", "Yes."),
        SuiteText("summaries", "S1", "context", SUMMARY),
    ]
)


def overlap(question: str, answer: str = "An answer.") -> tuple[str, str] | None:
    turns = (Message(role="user", content=question), Message(role="assistant", content=answer))
    found = SUITES.overlap(Example(messages=turns, source="s", source_id="1", group_id="g"))
    return (found.suite, found.detail) if found else None


RUN = ("autoimmune", "Q1: up to 8 words of its question in a row")
ANSWER_RUN = ("autoimmune", "Q1: up to 13 words of its answer in a row")
NEARLY = ("autoimmune", "Q1: nearly the words of its question")
GRAVES = ("endocrine", "Q7: up to 8 words of its question in a row")


@pytest.mark.parametrize(
    ("question", "found", "why"),
    [
        ("Say: WHAT are the typical clinical features of systemic sclerosis?", RUN, "eight words"),
        ("What are the typical clinical features of psoriasis?", None, "seven words"),
        ("Tell me, how is Graves disease treated in adults?", GRAVES, "the whole of a short question"),
        ("How is Graves disease found?", None, "four of five words"),
        (
            "Which antibodies support systemic lupus erythematosus, and what are the typical features of it?",
            NEARLY,
            "other order",
        ),
        (
            f"A long note about nothing.\n{LUPUS.replace('features', 'signs').replace('which', 'what')}",
            NEARLY,
            "last line",
        ),
        ("Which antibodies support coeliac disease, and what are the typical features of it?", None, "other disease"),
        ("Yes.", None, "a reference of one word is everywhere"),
    ],
)
def test_a_question_of_a_suite_is_found(question: str, found: tuple[str, str] | None, why: str) -> None:
    assert overlap(question) == found, why


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("It is known that " + " ".join(ANSWER.split()[:13]), ANSWER_RUN),
        ("It is known that " + " ".join(ANSWER.split()[:12]), None),
        (" ".join(reversed(ANSWER.split())), ("autoimmune", "Q1: nearly the words of its answer")),
        (LUPUS, RUN),
    ],
)
def test_a_reference_answer_is_found_by_a_longer_run_or_by_nearly_all_of_its_words(
    answer: str, found: tuple[str, str] | None
) -> None:
    assert overlap("What is asked?", answer) == found


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (f"{SUMMARY}\n\nHow often is bark tea taken?", ("summaries", "S1: up to 13 words of its context in a row")),
        ("Discharge summary of a patient who does not exist.\n\nHow often is bark tea taken?", None),
    ],
)
def test_a_text_that_a_suite_asks_about_is_found(question: str, found: tuple[str, str] | None) -> None:
    assert overlap(question) == found


def test_no_suite_overlaps_nothing() -> None:
    example = Example(messages=(Message(role="user", content="Hm?"),), source="s", source_id="1", group_id="g")
    assert Suites().overlap(example) is None
