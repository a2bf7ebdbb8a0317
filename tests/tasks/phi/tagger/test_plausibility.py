"""What the tagger errs on by nature and what it needs near, and what the lists say of a word."""

import random

import pytest

from tasks.phi.tagger.lexicon import UNKNOWN, lexical_class, some_hidden
from tasks.phi.tagger.plausibility import Token, cleared, plausible, supported, whole
from tasks.phi.tagger.tokens import cut


@pytest.mark.parametrize(
    ("label", "value", "wanted", "why"),
    [
        ("NAME", "Quorvenia", True, "a name"),
        ("NAME", "quorvenia", False, "a lone word in lower case among cased prose"),
        ("NAME", "Q", False, "a single letter"),
        ("NAME", "12", False, "no letters"),
        ("NAME", "FMLA", False, "an acronym"),
        ("NAME", "hGSTK1", False, "a gene"),
        ("NAME", "YezB", False, "a gene"),
        ("NAME", "McAllen", True, "a capital inside a name"),
        ("GEO", "Finland", False, "no smaller than a state"),
        ("OTHER_ID", "L1325", False, "a gene"),
        ("PHONE", "x4471", True, "an extension"),
        ("PHONE", "G1739", False, "a residue"),
        ("NAME", "P. aeruginosa", False, "a species"),
        ("NAME", "i . c . v", False, "letters set apart"),
        ("GEO", "02139", True, "a ZIP code"),
        ("GEO", "212", False, "a number"),
        ("DATE", "3/14", True, "month and day"),
        ("DATE", "14.3", False, "a laboratory value"),
        ("DATE", "1 - 12", False, "a range"),
        ("DATE", "7.28 / 52 / 74 / 24", False, "blood gases"),
        ("DATE", "2nd", False, "an ordinal"),
        ("NAME", "Therefore", False, "an ordinary word that begins a sentence"),
        ("NAME", "Grace", True, "a word that is a name too"),
        ("GEO", "protocol", False, "an ordinary word"),
        ("OTHER_ID", "0900", False, "a time"),
        ("DATE", "120/80", False, "a blood pressure"),
        ("DATE", "3/45", False, "no day"),
        ("DATE", "2021", False, "a year alone"),
        ("DATE", "the 15th", True, "a day"),
        ("DATE", "last December", True, "a month"),
        ("DATE", "4/2 4/3", True, "two dates"),
        ("DATE", "last week", True, "a relative date"),
        ("DATE", "two weeks", False, "a span of time"),
        ("DATE", "12-Mar-2024", True, "a date"),
        ("DATE", "2024-03-12", True, "a date"),
        ("DATE", "MAR", False, "a short month alone is also a gene, a chart"),
        ("DATE", "Oct - 1", False, "a gene as papers print it"),
        ("DATE", "2 / 3", False, "a ratio as papers print it"),
        ("GEO", "central Canada", False, "no smaller than a state"),
        ("DATE", "2021-2023", False, "a span of years"),
        ("GEO", "Dialysis Unit", False, "words that name no place, not surely"),
        ("GEO", "Oakfield Recovery", True, "a facility without a suffix that the rules know"),
        ("GEO", "46Y", False, "an age"),
        ("GEO", "6 West", False, "a floor, not surely"),
        ("NAME", "J T", False, "letters set apart"),
        ("PHONE", "2150", False, "a time"),
        ("PHONE", "pager 2-0661", True, "a pager"),
        ("OTHER_ID", "1900-0730", False, "a shift"),
        ("OTHER_ID", "T10-T12", False, "vertebrae"),
        ("OTHER_ID", "DXS14-DXS255", False, "markers on a chromosome"),
        ("OTHER_ID", "NCT01234567", False, "a trial"),
        ("OTHER_ID", "998877", True, "a number"),
        ("OTHER_ID", "AB-12", False, "too few digits"),
        ("OTHER_ID", "SR-24-00391", True, "an identifier"),
    ],
)
def test_what_the_tagger_errs_on_by_nature_is_filtered(label: str, value: str, wanted: bool, why: str) -> None:
    found = Token(0, len(value), label, 0.8)
    assert plausible(found, f"{value} was seen by Them and by the others") is wanted, why


@pytest.mark.parametrize(
    ("text", "wanted", "why"),
    [
        ("Seen by ⟦Quorven⟧ of surgery", True, "a person"),
        ("no ⟦Quorven⟧ lines in the film", False, "an eponym"),
        ("the ⟦Quorven⟧'s disease of the hand", False, "an eponym"),
        ("the ⟦Quorven⟧ family at bedside", True, "a person's family"),
        ("shown by ⟦Quorven⟧ et al. in 1998", False, "an author"),
        ("(⟦Quorven, J. N⟧., Feld, A., 1998)", False, "the first of authors"),
        ("(Feld, A., ⟦Quorven, J. N⟧. 1998)", False, "the last of authors"),
        ("guideline (⟦Quorven⟧, Pediatrics 2014)", False, "a citation"),
    ],
)
def test_eponyms_and_authors_are_no_persons(text: str, wanted: bool, why: str) -> None:
    start, end = text.index("⟦"), text.index("⟧") - 1
    assert plausible(Token(start, end, "NAME", 0.95), text.replace("⟦", "").replace("⟧", "")) is wanted, why


@pytest.mark.parametrize(
    ("label", "text", "wanted", "why"),
    [
        ("GEO", "She was moved to ⟦6 West⟧ at night", True, "a floor"),
        ("GEO", "She has an aunt in ⟦Tacoma⟧ who smokes", True, "a listed place that the lists of terms hold too"),
        ("GEO", "An aunt in ⟦Quorve⟧ had Hashimoto thyroiditis", True, "the disease is the aunt's"),
        ("GEO", "Met the ⟦Tacoma⟧ criteria again", False, "an eponym of a place"),
        ("GEO", "She was moved to the ⟦protocol⟧ arm", False, "a word in lower case"),
        ("NAME", "He asked whether ⟦crystal quorven⟧ could come. She said that she would come on Friday", True, "two"),
        ("NAME", "He asked whether ⟦crystal⟧ could come. She said that she would come on Friday", False, "a word"),
    ],
)
def test_what_is_sure_may_be_a_word_too(label: str, text: str, wanted: bool, why: str) -> None:
    start, end = text.index("⟦"), text.index("⟧") - 1
    assert plausible(Token(start, end, label, 0.996), text.replace("⟦", "").replace("⟧", "")) is wanted, why


def test_a_long_acronym_among_cased_prose_is_no_name() -> None:
    text = "She went through QUORFIRINOX and had three further cycles of it at home in the spring."
    found = Token(17, 28, "NAME", 0.9)
    assert not plausible(found, text)
    assert plausible(found._replace(score=0.999), text)


def test_a_number_is_no_part_of_a_name() -> None:
    tokens = [Token(0, 7, "NAME", 1.0), Token(8, 11, "NAME", 1.0), Token(12, 15, "OTHER_ID", 1.0)]
    assert cleared(tokens, "QUORVEN 67M 123") == [tokens[0], tokens[2]]


def test_ordinary_words_in_lower_case_are_cut_off_a_name() -> None:
    text = "yellow Quorven stayed"
    tokens = [Token(0, 6, "NAME", 0.8), Token(7, 14, "NAME", 0.8), Token(15, 21, "NAME", 0.9995)]
    assert cleared(tokens, text) == tokens[1:]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Quorven de la Feld", "Quorven de la Feld"),
        ("d. quorven", "d. quorven"),
        ("seen by Quorven", "Quorven"),
        ("Quorven left the room", "Quorven"),
    ],
)
def test_particles_and_initials_stay_in_a_name(text: str, kept: str) -> None:
    tokens = [Token(a, b, "NAME", 0.9) for a, b in cut(text) if text[a].isalpha()]
    assert " ".join(text[t.start : t.end] for t in cleared(tokens, text)) == kept.replace(".", "")


@pytest.mark.parametrize(
    ("text", "wanted", "why"),
    [
        ("⟦Quorven⟧-Fields came", "Quorven-Fields", "the rest of a hyphened name"),
        ("asked Feld-⟦Quorven⟧ to stay", "Feld-Quorven", "its beginning"),
        ("⟦Quorven⟧-induced rash", "Quorven", "a compound"),
        ("asked Miriam ⟦Quorven⟧ to stay", "Miriam Quorven", "a listed name before it"),
        ("asked ⟦Quorvenia⟧ Martinez to stay", "Quorvenia Martinez", "a listed name behind it"),
        ("asked The ⟦Quorven⟧ Foley to stay", "Quorven", "an ordinary word, a device"),
        ("by ⟦quorven⟧ Martinez", "quorven", "a name in lower case ends where it ends"),
    ],
)
def test_a_name_is_taken_whole(text: str, wanted: str, why: str) -> None:
    start, end = text.index("⟦"), text.index("⟧") - 1
    plain = text.replace("⟦", "").replace("⟧", "")
    found = whole(Token(start, end, "NAME", 0.9), plain)
    assert plain[found.start : found.end] == wanted, why


@pytest.mark.parametrize(
    ("text", "wanted", "why"),
    [
        ("Wound was dressed and the patient slept. (⟦qv⟧)", True, "in brackets"),
        ("Wound was dressed and the patient slept.\n⟦QVF⟧/ms", True, "before the typist's"),
        ("Wound was dressed and the patient slept. -⟦qv⟧\nNext", True, "at a line's end"),
        ("Wound was dressed and the ⟦qvf⟧ patient slept.", False, "an abbreviation in a sentence"),
        ("Wound was dressed (⟦QVF⟧ was normal) and the patient slept.", False, "an abbreviation in brackets"),
        ("Wound was dressed and the patient slept. (⟦quorv⟧)", False, "longer than initials"),
    ],
)
def test_initials_count_where_they_stand_as_such(text: str, wanted: bool, why: str) -> None:
    start, end = text.index("⟦"), text.index("⟧") - 1
    plain = text.replace("⟦", "").replace("⟧", "")
    assert plausible(Token(start, end, "NAME", 0.9), plain) is wanted, why


def test_an_unsure_finding_counts_in_company_of_a_sure_one() -> None:
    unsure, sure, far = Token(0, 5, "NAME", 0.6), Token(90, 95, "DATE", 1.0), Token(9000, 9005, "NAME", 0.6)
    assert supported([unsure]) == []
    assert supported([unsure, sure, far]) == [unsure, sure]
    assert supported([sure, far._replace(start=1500)]) == [sure, far._replace(start=1500)]


def test_among_many_sure_findings_less_is_asked() -> None:
    sure = [Token(n * 20, n * 20 + 5, "NAME", 1.0) for n in range(4)]
    doubtful = Token(300, 305, "NAME", 0.2)
    assert supported([*sure, doubtful]) == [*sure, doubtful]
    assert supported([*sure[:3], doubtful]) == sure[:3]
    assert supported([*sure, doubtful._replace(start=2000, end=2005)]) == sure


@pytest.mark.parametrize(
    ("word", "like", "unlike"),
    [
        ("Darlene", "darlene", "drainage"),
        ("Drainage", "dressing", "Darlene"),
        ("Qxvzenia", "Wrblto", "pneumonia"),
        ("O’Neil", "O'Neil", "Neuro"),
    ],
)
def test_a_word_has_the_class_that_the_lists_give_it(word: str, like: str, unlike: str) -> None:
    assert lexical_class(word) == lexical_class(like) != lexical_class(unlike)


def test_numbers_and_marks_have_no_class_and_training_hides_some_of_the_others() -> None:
    assert {lexical_class(token) for token in ("3/4/2023", "12", ",", "  ")} == {""}
    hidden = some_hidden(["0", ""] * 2000, random.Random(1))
    assert 60 < hidden.count(UNKNOWN) < 200
    assert hidden.count("") == 2000
