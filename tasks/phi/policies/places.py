"""What of a place may stay: a state, the first digits of a ZIP code, and words that name no place by themselves.

A state stays where it ends the value, after a comma or before a ZIP code: "Boston, MA 02139". Elsewhere its word may be
a part of a city's or a hospital's name. Data: `zip_areas.yaml`. Only the United States are covered.
"""

import functools
import re
from pathlib import Path
from typing import NamedTuple

import yaml

_NAMES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois"
    "|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri"
    "|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma"
    "|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington"
    "|West Virginia|Wisconsin|Wyoming|District of Columbia|Puerto Rico"
)
_CODES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|RI"
    "|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC|PR"
)
_ZIP = r"(?P<zip>\d{5})(?:-\d{4})?"
_LONGEST = 200  # characters
_ENDS = (
    re.compile(rf"(?:^|(?<=[\s,]))(?P<state>(?i:{_NAMES}|{_CODES}))\.?,?\s+{_ZIP}\s*$"),
    re.compile(rf"(?:^|(?<=[\s,]))(?P<state>{_CODES})\s*$"),
    re.compile(rf"(?:^|,\s*)(?P<state>(?i:{_NAMES}))\s*$"),
    re.compile(rf"^(?:(?i:zip|postal)(?:\s*(?i:code))?\W*)?(?P<state>){_ZIP}\s*$"),
)

_GENERIC = """
    street st avenue ave road rd boulevard blvd lane ln drive dr court ct place pl way terrace ter circle cir parkway
    pkwy highway hwy square sq trail trl loop alley plaza route north south east west northeast northwest southeast
    southwest ne nw se sw apt apartment suite ste unit floor fl room rm po p.o box hospital hospitals clinic clinics
    medical center centre ctr health healthcare care system group campus institute infirmary hospice pharmacy nursing
    home rehabilitation rehab family surgery surgical imaging dialysis oncology cancer heart children's childrens
    women's womens eye urgent emergency department associates partners services office practice practitioners
    laboratory lab foundation network pavilion school college university general regional community memorial county
    township borough parish village city town of the and at in on near & for
"""
GENERIC = frozenset(_GENERIC.split())
"""Words of addresses and facilities, in lower case."""


class Place(NamedTuple):
    """A place in two: what must go, and the state and five digits at its end, as they are written; else empty."""

    rest: str
    state: str
    zip_code: str


def read_place(value: str) -> Place:
    """Split a place; the rest keeps what stands between it and the state. A longer text than an address is all rest."""
    if len(value) > _LONGEST:
        return Place(value, "", "")
    for pattern in _ENDS:
        end = pattern.search(value)
        if end is not None:
            zip_code = end["zip"] if "zip" in pattern.groupindex else ""
            at = end.start("state") if end["state"] else end.start("zip")
            return Place(value[:at], end["state"], zip_code)
    return Place(value, "", "")


@functools.cache
def _low_areas() -> frozenset[str]:
    areas = yaml.safe_load(Path(__file__).with_name("zip_areas.yaml").read_text(encoding="utf-8"))
    return frozenset(" ".join(areas.values()).split())


def zip_area(zip_code: str) -> str:
    """Return the first three digits, or 000 where 20,000 people or fewer share them in any census of the list."""
    return "000" if zip_code[:3] in _low_areas() else zip_code[:3]


def is_state(words: str) -> bool:
    """Say whether the words are a state's name, or its two capitals."""
    return re.fullmatch(rf"(?i:{_NAMES})|{_CODES}", words) is not None
