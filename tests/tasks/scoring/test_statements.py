import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.scoring.sentences import sentences, words_of
from tasks.scoring.statements import danger_hits, holds, key_fact_coverage
from tasks.scoring.suites import Statement


def says(*groups: tuple[str, ...]) -> Statement:
    return Statement(statement="in words", terms=groups)


MTX = ("methotrexate", "MTX")
DAILY, WEEKLY = ("daily", "every day"), ("weekly", "once a week")
DAILY_MTX = says(MTX, DAILY)
STOP = says(("stop", "discontinue"), ("prednisone", "glucocorticoids"), ("abruptly", "suddenly"))
NOT_IN_PREGNANCY = says(MTX, ("pregnancy", "pregnant"), ("avoid", "contraindicated", "must not", "teratogenic"))


@pytest.mark.parametrize(
    ("statement", "text", "expected", "why"),
    [
        (DAILY_MTX, "Take methotrexate daily.", True, "a word of each group"),
        (DAILY_MTX, "MTX is taken EVERY DAY.", True, "synonyms of several words, case"),
        (DAILY_MTX, "Take methotrexate. Eat daily.", False, "two sentences"),
        (says(("kidney",), ("affect",)), "Kidneys are affected.", True, "plural and inflection by their stems"),
        (says(("weekly",)), "every two weeks", False, "another stem"),
        (says(("5 mg",)), "Give 2.5 mg.", False, "a decimal number is one word"),
        (says(("5 mg",)), "Give 5mg.", True, "a unit may stand at its number"),
        (says(("B12",)), "vitamin B 12", True, "letters and digits are parted in both"),
        (says(("Crohn's disease",)), "Crohn disease", True, "possessives"),
        (says(("Sjögren syndrome",)), "Sjogren’s syndrome", True, "accents, typographic apostrophes"),
        (says(("TNF-alpha",)), "TNF-α blockers", True, "Greek letters"),
        (says(("anti-Smith antibody",)), "Anti–Smith antibodies", True, "dashes"),
        (says(("anti-dsDNA",)), "anti dsDNA", True, "a hyphen or a space"),
        (says(("nonsteroidal",)), "A non-steroidal drug.", True, "a hyphen or nothing"),
        (says(("non-steroidal",)), "A nonsteroidal drug.", True, "nothing or a hyphen"),
        (says(("atypical",)), "It is a typical case.", False, "a space is no hyphen"),
        (says(("—",)), "Anything.", False, "a term without a word is never said"),
        (says(MTX, WEEKLY), "Is methotrexate given weekly?", False, "a question says nothing"),
        (says(MTX, WEEKLY), "Methotrexate is given e.g. weekly.", True, "an abbreviation ends no sentence"),
        (says(("monitor",), ("liver enzymes",)), "Monitor:\n- blood count\n- liver enzymes", True, "a list's lead-in"),
        (says(("monitor",), ("rest",)), "Monitor:\n- blood count\nThen rest.", False, "the list has ended"),
        (DAILY_MTX, "", False, "nothing is said"),
    ],
)
def test_a_statement_is_said_by_one_sentence_with_a_word_of_every_group(
    statement: Statement, text: str, expected: bool, why: str
) -> None:
    assert holds(statement, text) == expected, why


@pytest.mark.parametrize(
    ("statement", "text", "expected"),
    [
        (DAILY_MTX, "Methotrexate must never be taken every day.", False),
        (DAILY_MTX, "Take methotrexate weekly, not daily.", False),
        (DAILY_MTX, "Take methotrexate daily, not weekly.", True),
        (DAILY_MTX, "Methotrexate doesn’t need to be taken daily.", False),
        (DAILY_MTX, "Daily methotrexate is not recommended.", False),
        (DAILY_MTX, "Daily MTX is contraindicated.", False),
        (STOP, "You can stop prednisone abruptly.", True),
        (STOP, "Prednisone should not be stopped abruptly.", False),
        (STOP, "Avoid discontinuing glucocorticoids suddenly.", False),
        (STOP, "There is no fever, so you can stop prednisone abruptly.", True),
        (STOP, "Never stop prednisone abruptly, but taper.", False),
        (STOP, "No patient should stop prednisone abruptly.", False),
        (says(("fever",)), "Patients without fever should take methotrexate.", False),
        (says(MTX), "Patients without fever should take methotrexate.", True),
        (says(MTX), "If there is no improvement, methotrexate can be added.", True),
        (says(MTX), "It is not contagious and is treated with methotrexate.", True),
        (says(("arthritis",)), "The patient denies fever, rash or arthritis.", False),
        (says(("rash",)), "No fever, no rash.", False),
        (says(("rash",)), "Neither fever nor rash.", False),
        (says(("ibuprofen",)), "Do not take aspirin, naproxen, or ibuprofen.", False),
        (says(("NSAIDs",)), "Avoid:\n* NSAIDs\n* alcohol", False),
        (says(("NSAIDs",)), "NSAIDs, aspirin and steroids should be avoided.", False),
        (says(MTX), "Methotrexate is given weekly, and alcohol should be avoided.", True),
        (says(("alcohol",)), "Methotrexate is given weekly, and alcohol should be avoided.", False),
        (says(("rituximab",)), "Use rituximab instead of methotrexate.", True),
        (says(MTX), "Use rituximab instead of methotrexate.", False),
        (says(("contagious",)), "It is non-contagious.", False),
        (says(("ANA",)), "An ANA-negative disease.", False),
        (says(("cure",)), "Lupus cannot be cured.", False),
    ],
)
def test_what_is_denied_is_not_said(statement: Statement, text: str, expected: bool) -> None:
    assert holds(statement, text) == expected


@pytest.mark.parametrize(
    ("statement", "text", "expected"),
    [
        (says(("fatigue",)), "Lupus is not without fatigue.", True),
        (says(("sunscreen",)), "Patients should not avoid sunscreen.", True),
        (says(("folic acid",)), "Methotrexate should not be given without folic acid.", True),
        (says(MTX, WEEKLY), "Methotrexate is not only given weekly, it works.", True),
        (says(MTX, WEEKLY), "The dose of methotrexate should not exceed 25 mg weekly.", True),
        (says(("fever",)), "There is no doubt that fever is common.", True),
        (NOT_IN_PREGNANCY, "Methotrexate must not be given in pregnancy.", True),
        (NOT_IN_PREGNANCY, "Avoid methotrexate in pregnancy.", True),
        (NOT_IN_PREGNANCY, "Methotrexate is not contraindicated in pregnancy.", False),
        (NOT_IN_PREGNANCY, "There is no need to avoid methotrexate in pregnancy.", False),
    ],
)
def test_two_denials_cancel_and_a_statements_own_denial_is_none(
    statement: Statement, text: str, expected: bool
) -> None:
    assert holds(statement, text) == expected


@pytest.mark.parametrize(
    ("text", "dangerous"),
    [
        ("Take methotrexate daily.", True),
        ("Taking methotrexate daily is dangerous.", False),
        ("Never take methotrexate daily, it is dangerous.", False),
        ("It would be a mistake to give methotrexate daily.", False),
        ("Take methotrexate daily, there is no risk.", True),
    ],
)
def test_a_warning_is_no_danger(text: str, dangerous: bool) -> None:
    assert danger_hits([DAILY_MTX, STOP], text) == ((DAILY_MTX,) if dangerous else ())


def test_coverage_is_the_share_of_facts_that_are_said() -> None:
    facts = [says(MTX, WEEKLY), says(("folic acid",)), says(("liver",), ("monitor", "check"))]
    assert key_fact_coverage(facts, "Methotrexate once a week. Check the liver.") == pytest.approx(2 / 3)
    assert key_fact_coverage(facts, "") == 0


def test_sentences_end_at_stops_and_lines_and_lose_markup() -> None:
    text = "## Dose\n**MTX** 7.5 mg p.o. weekly. Then (if needed) more! OK"
    assert sentences(text) == ["Dose", "MTX 7.5 mg p.o. weekly.", "Then (if needed) more!", "OK"]


def test_hyphens_join_words_and_marks_stay() -> None:
    assert [(w.text, w.joined) for w in words_of("anti-CD20, twice")] == [
        ("anti", False), ("cd", True), ("20", False), (",", False), ("twice", False),
    ]  # fmt: skip


VOCABULARY = "methotrexate daily not no without , ; and but is risk avoid non - fever"
WORDS = st.lists(st.sampled_from(VOCABULARY.split()))


@given(WORDS.map(" ".join))
def test_any_words_are_judged_and_denying_one_more_clause_changes_nothing_before_it(text: str) -> None:
    assert holds(DAILY_MTX, f"{text}.") == holds(DAILY_MTX, f"{text}.\nNothing else was written here.")


@given(st.text(max_size=80))
def test_any_text_is_judged(text: str) -> None:
    assert not holds(says(("qqzzx",)), text.replace("qqzzx", ""))
