"""The identifiers of the Safe Harbor rule, 45 CFR 164.514(b)(2)(i)(A)-(R), as this stage names and replaces them.

The rule's eighteen letters become nineteen categories, because letter C asks for two treatments: dates are replaced,
ages over 89 are aggregated to "90+". Safe Harbor would allow the year of a date to stay; the placeholder policy here
is stricter and replaces the whole date. It does not cover the actual-knowledge condition of (b)(2)(ii).
"""

import re
from types import MappingProxyType
from typing import NamedTuple


class Category(NamedTuple):
    """One kind of identifier: its letter in the rule and what stands in its place after redaction."""

    letter: str
    placeholder: str
    about: str


CATEGORIES = MappingProxyType(
    {
        "NAME": Category("A", "[NAME]", "names of patients, relatives, clinicians"),
        "GEO": Category("B", "[GEO]", "places smaller than a state, facilities, ZIP codes"),
        "DATE": Category("C", "[DATE]", "dates that say more than the year"),
        "AGE_OVER_89": Category("C", "90+", "ages over 89"),
        "PHONE": Category("D", "[PHONE]", "telephone numbers"),
        "FAX": Category("E", "[FAX]", "fax numbers"),
        "EMAIL": Category("F", "[EMAIL]", "e-mail addresses"),
        "SSN": Category("G", "[SSN]", "social security numbers, also masked"),
        "MRN": Category("H", "[MRN]", "medical record numbers"),
        "HEALTH_PLAN": Category("I", "[HEALTH_PLAN]", "health plan beneficiary numbers"),
        "ACCOUNT": Category("J", "[ACCOUNT]", "account, card and bank numbers"),
        "LICENSE": Category("K", "[LICENSE]", "certificate and licence numbers"),
        "VEHICLE": Category("L", "[VEHICLE]", "vehicle identifiers and plates"),
        "DEVICE": Category("M", "[DEVICE]", "device identifiers and serial numbers"),
        "URL": Category("N", "[URL]", "web addresses"),
        "IP": Category("O", "[IP]", "IP and hardware addresses"),
        "BIOMETRIC": Category("P", "[BIOMETRIC]", "biometric identifiers"),
        "PHOTO": Category("Q", "[PHOTO]", "full-face photographs and comparable images"),
        "OTHER_ID": Category("R", "[OTHER_ID]", "any other unique number, characteristic or code"),
    }
)

# Entities of Presidio's own recognizers, for a configuration that adds one of them to this stage's rules.
FROM_PRESIDIO = MappingProxyType(
    {
        "PERSON": "NAME",
        "LOCATION": "GEO",
        "ORGANIZATION": "GEO",
        "DATE_TIME": "DATE",
        "AGE": "AGE_OVER_89",
        "PHONE_NUMBER": "PHONE",
        "EMAIL_ADDRESS": "EMAIL",
        "US_SSN": "SSN",
        "US_ITIN": "SSN",
        "MEDICAL_RECORD_NUMBER": "MRN",
        "US_MBI": "HEALTH_PLAN",
        "UK_NHS": "HEALTH_PLAN",
        "CREDIT_CARD": "ACCOUNT",
        "IBAN_CODE": "ACCOUNT",
        "US_BANK_NUMBER": "ACCOUNT",
        "ABA_ROUTING_NUMBER": "ACCOUNT",
        "CRYPTO": "ACCOUNT",
        "MEDICAL_LICENSE": "LICENSE",
        "US_NPI": "LICENSE",
        "US_DRIVER_LICENSE": "LICENSE",
        "US_PASSPORT": "LICENSE",
        "UK_VEHICLE_REGISTRATION": "VEHICLE",
        "URL": "URL",
        "IP_ADDRESS": "IP",
        "MAC_ADDRESS": "IP",
        "ID": "OTHER_ID",
    }
)

PLACEHOLDER = re.compile("|".join(re.escape(c.placeholder) for c in CATEGORIES.values() if c.placeholder[0] == "["))


def category_of(entity_type: str) -> str:
    """Return the category of a Presidio entity type; an unknown type is some other unique identifier (letter R)."""
    return entity_type if entity_type in CATEGORIES else FROM_PRESIDIO.get(entity_type, "OTHER_ID")
