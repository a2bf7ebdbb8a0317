import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.phi.detection import Detector
from tasks.phi.normalisation import Normalised

# Each row: as it came, as it is read, why.
READINGS = [
    ("plain ASCII 120/80", "plain ASCII 120/80", "nothing to do"),
    ("４１１１－２２", "4111-22", "full-width digits and dash"),
    ("٤٤٧١٢٠٣ ४४७१", "4471203 4471", "Arabic and Devanagari digits"),
    ("𝐌𝐑𝐍 𝟒𝟒𝟕𝟏", "MRN 4471", "mathematical letters and digits"),
    ("ＭＲＮ： ４４７１", "MRN: 4471", "full-width letters and colon"),
    ("МRN Κ4471", "MRN K4471", "Cyrillic and Greek look-alikes"),
    ("jαne.brаsk", "jane.brask", "look-alikes in lower case"),
    ("44\u200b71\u200d20\u20603", "4471203", "zero-width characters"),
    ("4471\u00ad203", "4471203", "a soft hyphen"),
    ("\ufeffMRN", "MRN", "a byte order mark"),
    ("\u202e4471\u202c", "4471", "direction marks"),
    ("MRN\u00a04471\u2003203\u3000x", "MRN 4471 203 x", "odd spaces"),
    ("44ㅤ71", "4471", "a filler that looks like nothing"),
    ("jané", "jane", "an accent in one character"),
    ("jane\u0301", "jane", "an accent of its own"),
    ("4\u20e37\u20e3", "47", "keycaps"),
    ("555–0147 555−0147 555‑0147", "555-0147 555-0147 555-0147", "dashes"),
    ("Gri\ufb03n", "Griffin", "a ligature grows"),
    ("½ ⅓ ¼", "½ ⅓ ¼", "fractions stay"),
    ("5 ㎎", "5 mg", "a unit in one character"),
    ("TNF-β, μg, Δ", "TNF-β, μg, Δ", "letters that are symbols in medicine"),
    ("患者 4471", "患者 4471", "a script without Latin counterparts"),
]


@pytest.mark.parametrize(("text", "reading", "why"), READINGS, ids=[row[2] for row in READINGS])
def test_text_is_read_plainly(text: str, reading: str, why: str) -> None:
    assert Normalised(text).text == reading, why


# Each row: a text, and the finding in it as it came.
EVASIONS = [
    ("SSN: 899\u200b-12-\u200b3456 ok", "899\u200b-12-\u200b3456"),
    ("SSN: ８９９－１２－３４５６ ok", "８９９－１２－３４５６"),
    ("МRΝ: 44712\u00ad03 ok", "44712\u00ad03"),
    ("𝐌𝐑𝐍: 𝟒𝟒𝟕𝟏𝟐𝟎𝟑 ok", "𝟒𝟒𝟕𝟏𝟐𝟎𝟑"),
    ("½ cup, MRN: 4471203 ok", "4471203"),
    ("\ufb01led under MRN\u00a0:\u20034471203 ok", "4471203"),
    ("tel (503)\u00a0555–0147 ok", "(503)\u00a0555–0147"),
    ("mail ｊａｎｅ@examplе.org ok", "ｊａｎｅ@examplе.org"),
]


@pytest.mark.parametrize(("text", "value"), EVASIONS)
def test_disguised_identifier_is_found_where_it_stands(detector: Detector, text: str, value: str) -> None:
    assert [text[f.start : f.end] for f in detector.find(text)] == [value]


ODD = st.text(alphabet="aé５\u200d\u00ad—Ж½\u0301 ﬁ㎎ﷺ𝟒ㅤ\U0001f468", max_size=40) | st.text(max_size=60)


@given(ODD)
def test_every_character_leads_back_into_the_text(text: str) -> None:
    plain = Normalised(text)
    spans = [plain.original(i, i + 1) for i in range(len(plain.text))]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert spans == sorted(spans)


@given(ODD)
def test_whole_reading_leads_back_to_all_but_dropped_ends(text: str) -> None:
    plain = Normalised(text)
    if plain.text:
        start, end = plain.original(0, len(plain.text))
        assert end == len(text)
        assert Normalised(text[:start]).text == ""


@given(ODD)
def test_reading_a_reading_changes_nothing(text: str) -> None:
    once = Normalised(text).text
    assert Normalised(once).text == once


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_ascii_is_the_very_text(text: str) -> None:
    assert Normalised(text).text is text


def test_every_character_of_unicode_can_be_read() -> None:
    everything = "".join(chr(c) for c in range(sys.maxunicode + 1))
    plain = Normalised(everything)
    assert plain.original(0, len(plain.text))[1] == len(everything)


def test_ascii_is_not_even_copied() -> None:
    text = "The lungs were clear. " * 5
    assert Normalised(text).text is text
