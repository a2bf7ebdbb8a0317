import pytest

from tasks.phi.canaries import draw
from tasks.phi.second_pass import Seen, residual
from tests.tasks.phi.hostile import SIZE, assert_linear

SEEN = [
    ("OTHER_ID", "number 4471203881 here", "a long number"),
    ("SSN", "123-45-6789", "groups of digits"),
    ("PHONE", "503-555-0147", "a telephone number"),
    ("PHONE", "(503) 555-0147 x 214", "a telephone number with an extension"),
    ("PHONE", "call 555-0147", "seven digits behind a word"),
    ("EMAIL", "a.brask@example.org", "an @ with a host"),
    ("EMAIL", "a brask (at) example (dot) org", "an @ in words"),
    ("URL", "http://portal.example.org/p", "a scheme"),
    ("URL", "seen at portal.quillonbrask.com/visit", "a host"),
    ("IP", "203.0.113.77", "four dotted numbers"),
    ("IP", "from 2001:db8:8a2e::7334 twice", "an IPv6 address"),
    ("IP", "00:1b:44:11:3a:b7", "a hardware address"),
    ("DATE", "on 04/12/2023", "a date"),
    ("DATE", "on 2023-04-12", "an ISO date"),
    ("DATE", "April 12, 2023", "a written date"),
    ("DATE", "12 April 2023", "a written date, day first"),
    ("DATE", "12-APR-23", "a written date with dashes"),
    ("DATE", "back on may 18th.", "a day without a year"),
    ("DATE", "in April 2023", "a month with its year"),
    ("DATE", "seen on 4/12 and well", "a day in digits behind a word"),
    ("AGE_OVER_89", "a 94-year-old man", "an age over 89"),
    ("AGE_OVER_89", "aged 101", "an age over 89 behind a word"),
    ("AGE_OVER_89", "ninety-four years old", "an age over 89 in words"),
    ("NAME", "Mrs. Brask", "a title before a capital"),
    ("NAME", "DR. BRASK", "a title before capitals"),
    ("NAME", "read by Quillon A. Brask, MD", "a degree behind a name"),
    ("NAME", "Attending: Quillon Brask", "a label before a name"),
    ("NAME", "her husband Quillon Brask drove", "a relative before a name"),
    ("GEO", "at 812 Old Ferry Road", "a street"),
    ("GEO", "at 812 vorlen street", "a street in lower case"),
    ("GEO", "Vorlen, WI 53578", "a ZIP code behind a state"),
    ("GEO", "P.O. Box 4471", "a box"),
    ("OTHER_ID", "SF-98765432", "letters and a long number"),
    ("PHOTO", "q" * 300, "a long run without a space"),
    ("PHOTO", "/photos/brask.jpg", "a picture"),
    ("OTHER_ID", "Her case 48219934", "a word that begins like a register"),
    ("OTHER_ID", "was given 48219934", "given is not GI"),
    ("OTHER_ID", "recorded 48219934", "recorded is neither EC nor CRD"),
    ("OTHER_ID", "GI consult 48219934", "a register's name two words before another matter"),
    ("SSN", "Girl 123-45-6789", "a social security number behind a word that begins like a register"),
    ("DATE", "in case 03/04/1961", "a date behind such a word"),
    ("SSN", "EC 123-45-6789", "a social security number is in no register"),
    ("DATE", "PMID 03/04/1961", "neither is a date"),
    ("SSN", "SSN ends in 6789", "a part of a number behind its word"),
    ("SSN", "XXX-XX-6789", "a masked number"),
    ("SSN", "***-**-6789", "a masked number in stars"),
    ("MRN", "MRN:44712", "a short number behind its word"),
    ("MRN", "| MRN | 44-71-20 |", "in a table"),
    ("ACCOUNT", "account no. 58213", "an account"),
    ("ACCOUNT", "card 4111 1111 1111 1111", "groups of four"),
    ("HEALTH_PLAN", "1EG4-TE5-MK73", "a Medicare number"),
    ("LICENSE", "NPI is 12345", "a licence"),
    ("DEVICE", "serial # A-44712", "a serial number"),
    ("VEHICLE", "1HGCM82633A004352", "a vehicle's number"),
    ("VEHICLE", "license plate ABC 4821", "a plate"),
    ("OTHER_ID", "490154203237518", "a telephone's own number"),
    ("OTHER_ID", "key 3f2504e0-4f89-41d3-9a0c-0305e82c3301", "a UUID"),
    ("OTHER_ID", "\u200b4471\u200b203881", "digits with nothing between"),
    ("OTHER_ID", "\uff14\uff14\uff17\uff11\uff12\uff10\uff13\uff18", "wide digits"),
]
PASSED = [
    ("BP 120/80, 500 mg, 7.25 %, 11,300/uL", "doses and lab values"),
    ("95%CI = 1.000-1.008, p=0.0000123, 1.5e-10", "statistics"),
    ("NCT01234567 PMID: 31452104 doi:10.1056/NEJMoa1504720", "registers"),
    ("https://doi.org/10.1056/NEJMoa1504720", "a citation"),
    ("from 2010-2015, ratio 1:2:3, scored 8/10", "ranges and ratios"),
    ("Dr. [REDACTED-NAME] on [REDACTED-DATE]", "placeholders"),
    ("[REDACTED-GEO], WI [REDACTED-GEO]; age 90+, a 90+-year-old woman", "placeholders and an aggregated age"),
    ("in 2023 or 2021, WI 535**", "what safe_harbor leaves"),
    ("1,234,567 people", "thousands"),
    ("1,25-dihydroxyvitamin D3 and 2-(4-chlorophenyl)", "compounds"),
    ("rs1801133 ENSG00000141510", "sequence identifiers"),
    ("accession number 48219934, GI: 48219934, PRJNA1234567", "registers before a number"),
    ("CTRI/2020/05/025123 ChiCTR-TRC-12345678 EudraCT 2012-001234-12", "trial registers with separators"),
    ("CAS 1234567-12-3", "a chemical's number"),
    ("it may 2 times, 3 may be", "the verb"),
    ("in 2001 2002 2003 2004", "years in a row"),
    ("HLA-A*02:01:01:01 at 12:30:45", "alleles and times"),
    ("policy of 2015, order of 1500 patients in a plan", "words that also stand before numbers"),
    ("MS patients, Alzheimer disease, Hodgkin Lymphoma, Kaplan Meier", "capitals of medicine"),
    ("ACGT" * 80, "a sequence"),
]


@pytest.mark.parametrize(("category", "text", "why"), SEEN, ids=[why for *_, why in SEEN])
def test_shape_of_an_identifier_is_seen(category: str, text: str, why: str) -> None:
    assert residual([text])[category] >= 1, why


@pytest.mark.parametrize(("text", "why"), PASSED, ids=[why for _, why in PASSED])
def test_medicine_passes(text: str, why: str) -> None:
    assert residual([text]) == {}, why


def test_texts_are_read_each_by_itself() -> None:
    assert residual(["Ends with 447120", "3881 begins", "account", "44712"]) == {}
    assert residual(["Dr.", "Brask"]) == {}


def test_what_the_policy_wrote_is_nothing() -> None:
    asked: list[Seen] = []

    def wrote(seen: Seen) -> bool:
        asked.append(seen)
        return seen.value == "312-555-0101"

    assert residual(["Phone 312-555-0101 or 503-555-0147."], wrote) == {"PHONE": 1}
    assert Seen("PHONE", "312-555-0101", "Phone ", " or 503-555-0147.") in asked


def test_nine_of_ten_invented_identifiers_are_seen_without_the_recognizers() -> None:
    canaries = [canary for seed in ("a", "b") for canary in draw(seed)]
    assert sum(bool(residual([canary.text])) for canary in canaries) / len(canaries) > 0.9


BAIT = [
    *("9", "9 ", "1.", "1:", "a:", ":1:", "-", "- 1", "A", "Aa", "Aa ", "Aa-", "MRN ", "x", "*", "*1", "@a", "@", "a."),
    *("[ at ", " dot ", "Dr. ", "12 Aa ", "ssn", "may ", "1/1", "plate ", "box ", "=", "age ", "call ", "0a:", "1a2b-"),
]


@pytest.mark.parametrize("bait", BAIT)
def test_hostile_repetition_is_read_in_time(bait: str) -> None:
    assert_linear(lambda text: residual([text]), bait * (SIZE // len(bait)))
