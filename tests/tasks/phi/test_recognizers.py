"""What each recognizer replaces, and the near misses that must stay. Every value is made up."""

import pytest

from tasks.phi.redaction import Redactor
from tests.tasks.phi.hostile import assert_linear

# Each row: what is written, what it becomes, why.
REPLACED = [
    ("Seen by Dr. Quillon Brask today.", "Seen by [REDACTED-NAME] today.", "a title before an unlisted name"),
    ("Patient: BRASK, QUILLON", "Patient: [REDACTED-NAME]", "a label before LAST, FIRST in capitals"),
    ("Patient: ozwin tarrow. He slept.", "Patient: [REDACTED-NAME]. He slept.", "a label before a name in lower case"),
    ("Patient: al-Tarrow, Ozwin. He slept.", "Patient: [REDACTED-NAME]. He slept.", "an article before last, first"),
    ("Quillon Brask, RN, called.", "[REDACTED-NAME], RN, called.", "post-nominals"),
    ("Her husband Quillon drove.", "Her husband [REDACTED-NAME] drove.", "a relation"),
    ("A man like Maria K., with asthma.", "A man like [REDACTED-NAME], with asthma.", "first name and initial"),
    ("Smith, John was late.", "[REDACTED-NAME] was late.", "listed last, first"),
    (
        "John Smith came. later smith left.",
        "[REDACTED-NAME] came. later [REDACTED-NAME] left.",
        "a known name again, in lower case",
    ),
    ("Sent to 12 Fenwick Street, Apt 4.", "Sent to [REDACTED-GEO].", "street address with unit"),
    ("Moved to Dorling, OH 44999.", "Moved to [REDACTED-GEO].", "city, state and ZIP"),
    ("Write to P.O. Box 991.", "Write to [REDACTED-GEO].", "post-office box"),
    ("Treated at Larkmoor Memorial Hospital.", "Treated at [REDACTED-GEO].", "facility ending"),
    ("Flown in from Chicago.", "Flown in from [REDACTED-GEO].", "a listed city"),
    ("ZIP code 44999-1234", "ZIP code [REDACTED-GEO]", "nine-digit ZIP goes whole"),
    ("Seen April 12, 2023.", "Seen [REDACTED-DATE].", "month day, year"),
    ("Seen Feb 5th '22.", "Seen [REDACTED-DATE].", "ordinal and short year"),
    ("Seen 12 Apr 2023.", "Seen [REDACTED-DATE].", "day month year"),
    ("Onset in March 2021.", "Onset in [REDACTED-DATE].", "month and year"),
    ("At 2023-04-12T10:15:00Z it rose.", "At [REDACTED-DATE] it rose.", "ISO timestamp whole"),
    ("DOB: 3/7/48", "DOB: [REDACTED-DOB]", "date of birth with a short year"),
    ("Since 04/2023 better.", "Since [REDACTED-DATE] better.", "month/year"),
    ("A 93-year-old man.", "A 90+-year-old man.", "an age over 89 is aggregated"),
    ("She is 104 years old.", "She is 90+ years old.", "three digits"),
    ("A ninety-two-year-old.", "A 90+-year-old.", "in words"),
    ("Call (503) 555-0147.", "Call [REDACTED-PHONE].", "area code in brackets"),
    ("Reach me: +44 20 7946 0958", "Reach me: [REDACTED-PHONE]", "international"),
    ("Fax: 503-555-0148", "Fax: [REDACTED-FAX]", "a fax number is not a phone number"),
    ("Mail a.larkin42@example.org now", "Mail [REDACTED-EMAIL] now", "address"),
    ("Mail jané.brask@example.org now", "Mail [REDACTED-EMAIL] now", "combining accent"),
    ("Mail janе.brask@example.org now", "Mail [REDACTED-EMAIL] now", "Cyrillic look-alike"),
    ("SSN: 899-12-3456", "SSN: [REDACTED-SSN]", "area number that was never issued"),
    ("SSN ***-**-3456", "SSN [REDACTED-SSN]", "masked"),
    ("MRN: 4471203", "MRN: [REDACTED-MRN]", "keyword"),
    ("MRN is SF-4471203.", "MRN is [REDACTED-MRN].", "letters before the digits"),
    ("Med rec #: JH-12345", "Med rec #: [REDACTED-MRN]", "abbreviated keyword"),
    ("Insurance ID: HPX-667788", "Insurance ID: [REDACTED-HEALTH_PLAN]", "insurance"),
    (
        "Medicare 1EG4-TE5-MK73",
        "Medicare [REDACTED-HEALTH_PLAN]",
        "the format of the Medicare identifier, CMS's own sample",
    ),
    ("Card 4111 1111 1111 1111", "Card [REDACTED-ACCOUNT]", "Luhn"),
    ("Paid with ４１１１ １１１１ １１１１ １１１１.", "Paid with [REDACTED-ACCOUNT].", "full-width digits"),
    ("IBAN GB82 WEST 1234 5698 7654 32", "IBAN [REDACTED-ACCOUNT]", "mod 97, the sample of ISO 13616"),
    ("Account number: 0099887766", "Account number: [REDACTED-ACCOUNT]", "keyword without checksum"),
    ("NPI 1234567893", "NPI [REDACTED-LICENSE]", "the sample number of CMS"),
    ("License No: CLN-112233", "License No: [REDACTED-LICENSE]", "licence keyword"),
    ("VIN 1M8GDM9AXKP042788", "VIN [REDACTED-VEHICLE]", "check digit X"),
    ("VIN XZJGFPBX0ATELWMNG", "VIN [REDACTED-VEHICLE]", "a check digit alone among letters"),
    ("License plate KTR-4471", "License plate [REDACTED-VEHICLE]", "plate"),
    ("Pacemaker serial number PX-99102", "Pacemaker serial number [REDACTED-DEVICE]", "serial"),
    ("UDI (01)00844588003288(17)141120(10)7654321D", "UDI [REDACTED-DEVICE]", "GS1 form"),
    ("See https://portal.example.org/p/9.", "See [REDACTED-URL].", "address with scheme"),
    ("Login from 203.0.113.77.", "Login from [REDACTED-IP].", "IPv4"),
    ("Login from 2001:db8::fe51:3.", "Login from [REDACTED-IP].", "IPv6 before a full stop"),
    ("MAC 00:1B:44:11:3A:B7", "MAC [REDACTED-IP]", "hardware address"),
    ("Fingerprint template FP-AB12-CD34.", "Fingerprint template [REDACTED-BIOMETRIC].", "biometric code"),
    ("Photo: faces/p_00412.jpg", "Photo: [REDACTED-PHOTO]", "image path"),
    ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUg==", "[REDACTED-PHOTO]", "embedded image"),
    ("Participant ID: ROSE-4471", "Participant ID: [REDACTED-OTHER_ID]", "keyword and id"),
    ("Key 6f1c2b9e-5d0a-4c3b-9f7e-2a1b3c4d5e6f", "Key [REDACTED-OTHER_ID]", "UUID"),
]

# Each row: what is written and stays, why.
KEPT = [
    ("Parkinson disease and Hodgkin's lymphoma run in families.", "eponyms"),
    ("Charcot-Marie-Tooth neuropathy was excluded.", "a compound eponym"),
    ("Johnson and Lee, NEJM 2015, found no effect.", "a citation"),
    ("The Boston criteria and the Philadelphia chromosome.", "things named for places"),
    ("New guidance in Texas and in France.", "a state and a country"),
    ("She was diagnosed in 2021.", "the year alone may stay"),
    ("BP 120/80, then 118/76.", "blood pressure"),
    ("Pain 8/10, strength 4/5.", "scores"),
    ("Take 500 mg q12h for 10 days.", "a dose"),
    ("HbA1c 7.2%, creatinine 1.02 mg/dL, WBC 11,300.", "lab values"),
    ("Sodium 140 (135-145) mmol/L.", "a reference range"),
    ("Stage T2N0M0, grade 2.", "staging"),
    ("An 89-year-old woman.", "an age that may stay"),
    ("Followed for 95 days; 93% survived.", "numbers of ninety that are no age"),
    ("PMID: 31452104, NCT01234567, doi:10.1056/NEJMoa1504720.", "papers and trials"),
    ("ICD-10 E11.9, LOINC 4548-4, NDC 0002-8215-01.", "codes"),
    ("OCT1, SEPT9 and MARCH1 were expressed.", "genes that look like dates"),
    ("The patient may 10 minutes later rest.", "may, the verb"),
    ("Hepatitis B. Vitamin D. Type A.", "letters after words that are no names"),
    ("Insulin 1000 units; the plan was discussed.", "no number after plan"),
    ("A group of 1200 patients in 2019.", "a count after group"),
    ("Public Health and Internal Medicine agree.", "fields, not facilities"),
    ("rs1801133 and NM_005957 were typed.", "public sequence identifiers"),
    ("At 10:30:15 the rate was 72.", "a time of day is no IPv6 address"),
    ("The SpO2 was 98% on 2 L.", "saturation"),
]


@pytest.mark.parametrize(("text", "redacted", "why"), REPLACED, ids=[row[2] for row in REPLACED])
def test_identifier_is_replaced_and_nothing_else(redactor: Redactor, text: str, redacted: str, why: str) -> None:
    assert redactor.redact(text).text == redacted, why


@pytest.mark.parametrize(("text", "why"), KEPT, ids=[row[1] for row in KEPT])
def test_medicine_stays(redactor: Redactor, text: str, why: str) -> None:
    assert redactor.redact(text).text == text, why


@pytest.mark.parametrize(
    "bait", ["a" * 20_000, "A. " * 7_000, "1-" * 10_000, "Dr. " * 5_000, "a@" * 10_000, "Ab " * 7_000]
)
def test_hostile_repetition_ends_in_time(redactor: Redactor, bait: str) -> None:
    assert_linear(redactor.redact, bait)
