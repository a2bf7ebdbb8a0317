import pytest

from tasks.phi.second_pass import count_residual

SEEN = [
    ("number 4471203881 here", "a long number"),
    ("123-45-6789", "groups of digits"),
    ("503-555-0147", "a telephone number"),
    ("a.brask@example.org", "an @ with a host"),
    ("http://portal.example.org/p", "a scheme"),
    ("203.0.113.77", "four dotted numbers"),
    ("on 04/12/2023", "a date"),
    ("on 2023-04-12", "an ISO date"),
    ("April 12, 2023", "a written date"),
    ("12 April 2023", "a written date, day first"),
    ("Mrs. Brask", "a title before a capital"),
    ("SF-98765432", "letters and a long number"),
    ("x" * 300, "a long run without a space"),
    ("Her case 48219934", "a word that begins like a register"),
    ("was given 48219934", "given is not GI"),
    ("recorded 48219934", "recorded is neither EC nor CRD"),
    ("GI consult 48219934", "a register's name two words before another matter"),
    ("Girl 123-45-6789", "a social security number behind a word that begins like a register"),
    ("in case 03/04/1961", "a date behind such a word"),
    ("EC 123-45-6789", "a social security number is in no register"),
    ("PMID 03/04/1961", "neither is a date"),
]
PASSED = [
    ("BP 120/80, 500 mg, 7.25 %, 11,300/uL", "doses and lab values"),
    ("95%CI = 1.000-1.008, p=0.0000123, 1.5e-10", "statistics"),
    ("NCT01234567 PMID: 31452104 doi:10.1056/NEJMoa1504720", "registers"),
    ("https://doi.org/10.1056/NEJMoa1504720", "a citation"),
    ("from 2010-2015, ratio 1:2:3, scored 8/10", "ranges and ratios"),
    ("Dr. [REDACTED-NAME] on [REDACTED-DATE]", "placeholders"),
    ("in April 2023 or 2021", "month and year"),
    ("1,234,567 people", "thousands"),
    ("1,25-dihydroxyvitamin D3 and 2-(4-chlorophenyl)", "compounds"),
    ("rs1801133 ENSG00000141510", "sequence identifiers"),
    ("accession number 48219934, GI: 48219934, PRJNA1234567", "registers before a number"),
    ("CTRI/2020/05/025123 ChiCTR-TRC-12345678 EudraCT 2012-001234-12", "trial registers with separators"),
    ("CAS 1234567-12-3", "a chemical's number"),
]


@pytest.mark.parametrize(("text", "why"), SEEN, ids=[why for _, why in SEEN])
def test_shape_of_an_identifier_is_seen(text: str, why: str) -> None:
    assert count_residual([text]) >= 1, why


@pytest.mark.parametrize(("text", "why"), PASSED, ids=[why for _, why in PASSED])
def test_medicine_passes(text: str, why: str) -> None:
    assert count_residual([text]) == 0, why
