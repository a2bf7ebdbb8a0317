"""The identifiers of the Safe Harbor rule, 45 CFR 164.514(b)(2)(i)(A)-(R), as this stage names and replaces them.

The rule's eighteen letters become twenty categories, because letter C asks for three treatments: dates are replaced,
birth dates say so, ages over 89 are aggregated to "90+". It does not cover the actual-knowledge condition of
(b)(2)(ii).
"""

from types import MappingProxyType
from typing import NamedTuple


class Category(NamedTuple):
    """One kind of identifier: its letter in the rule, and what it is."""

    letter: str
    about: str


CATEGORIES = MappingProxyType(
    {
        "NAME": Category("A", "names of patients, relatives, clinicians"),
        "GEO": Category("B", "places smaller than a state, facilities, ZIP codes"),
        "DATE": Category("C", "dates that say more than the year"),
        "DOB": Category("C", "dates of birth"),
        "AGE_OVER_89": Category("C", "ages over 89"),
        "PHONE": Category("D", "telephone numbers"),
        "FAX": Category("E", "fax numbers"),
        "EMAIL": Category("F", "e-mail addresses"),
        "SSN": Category("G", "social security numbers, also masked"),
        "MRN": Category("H", "medical record numbers"),
        "HEALTH_PLAN": Category("I", "health plan beneficiary numbers"),
        "ACCOUNT": Category("J", "account, card and bank numbers"),
        "LICENSE": Category("K", "certificate and licence numbers"),
        "VEHICLE": Category("L", "vehicle identifiers and plates"),
        "DEVICE": Category("M", "device identifiers and serial numbers"),
        "URL": Category("N", "web addresses"),
        "IP": Category("O", "IP and hardware addresses"),
        "BIOMETRIC": Category("P", "biometric identifiers"),
        "PHOTO": Category("Q", "full-face photographs and comparable images"),
        "OTHER_ID": Category("R", "any other unique number, characteristic or code"),
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


def category_of(entity_type: str) -> str:
    """Return the category of a Presidio entity type; an unknown type is some other unique identifier (letter R)."""
    return entity_type if entity_type in CATEGORIES else FROM_PRESIDIO.get(entity_type, "OTHER_ID")
