"""Places smaller than a state (45 CFR 164.514(b)(2)(i)(B)): addresses, cities, ZIP codes, and facilities by name.

A facility is treated as a place, because it locates its patients. Covers street addresses, PO boxes, "City, ST ZIP",
well-known cities, counties, names that end in Hospital, Clinic, Medical Center and the like, well-known health
systems, and capitalised places after "treated at", "admitted to", "lives in". ZIP codes go whole. It does not cover
small towns without such surroundings, neighbourhoods, or places in lower case. Countries and states stay.
"""

import re
from collections.abc import Iterable, Iterator

from tasks.phi.recognizers.rules import Hit, Rule, RuleRecognizer
from tasks.phi.recognizers.words import (
    CITIES,
    EPONYM_HEADS,
    FIELDS_OF_MEDICINE,
    GIVEN,
    HEALTH_SYSTEMS,
    NOT_A_NAME,
    NOT_A_PLACE,
    STATES,
)

_CAP = r"(?:St\.|Mt\.|Ft\.|[A-Z][\w'.&-]*\w|[A-Z])"
_SUFFIX = (
    r"(?:(?:Medical|Med\.?|Health|Healthcare|Cancer|Heart|Surgery|Surgical|Care|Rehab(?:ilitation)?|Imaging"
    r"|Dialysis|Oncology|"
    r"Trauma|Wellness|Diagnostic|Community|Research|Eye|Spine|Pain|Birth|Treatment|Infusion|Children's|Women's)\s+"
    r"(?:Center|Centre|Ctr\.?|Cntr\.?|System|Group|Campus|Institute|Associates|Partners|Services|Clinics?"
    r"|Hospital|Office|Practice)"
    r"|Hospitals?|Hosp\.?|Clinics?|Infirmary|Hospice|Sanatorium|Nursing\s+Home|Urgent\s+Care"
    r"|Family\s+(?:Practice|Medicine)|"
    r"Assisted\s+Living|Care\s+Home|Polyclinic|Pharmacy|Healthcare|Health|Memorial|Medicine|Medical|Med"
    r"|Institute|Center|Centre|Ctr|"
    r"High\s+School|Elementary|Middle\s+School|Manor|Shelter)"
    r"(?:\s+(?:Hospital|Center|Centre|Ctr\.?|Care|System|Clinic|Campus|Network|Group|Foundation|Pavilion"
    r"|School|College)\b)*"
)
_STREET = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Way|Terrace|Ter"
    r"|Circle|Cir|Parkway|Pkwy|"
    r"Highway|Hwy|Square|Sq|Trail|Trl|Loop|Alley|Plaza|Crescent|Close|Row|Pike|Turnpike|Route)"
)
_UNIT = r"(?:,?\s*(?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Room|Rm|\#)\.?\s*\#?[A-Za-z0-9-]{1,6}\b)?"
_CLEAR_STATES = (
    "AK|AZ|AR|CA|FL|GA|IL|IA|KS|KY|MN|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC"
)
_ALL_STATES = _CLEAR_STATES + "|AL|CO|CT|DE|HI|ID|IN|LA|ME|MD|MA|MI|MS|OK|OR|PA|PR"
_STATE_NAMES = "|".join(sorted(STATES, key=len, reverse=True))
_ZIP = r"\d{5}(?:-\d{4})?"
_PLACE = rf"{_CAP}(?:\s+{_CAP}){{0,2}}"
_AFTER_PLACE = (
    r"(?:\s+(?:clinic|office|hospital|campus|branch|facility|site|location|area|ER|ED|emergency department"
    r"|med(?:ical)? cent(?:er|re)|suburb|county)\b)?"
)
_LISTED = "|".join(re.escape(p).replace(r"\ ", r"\s+") for p in sorted(CITIES | HEALTH_SYSTEMS, key=len, reverse=True))
_LISTED_PLACE = re.compile(rf"(?<![\w-])(?:{_LISTED})(?![\w-]|'s\s+(?:disease|syndrome)){_AFTER_PLACE}")
_FACILITY = re.compile(
    rf"(?<![\w-])(?P<phi>(?:{_CAP}(?:[ \t]+|-))(?:(?:{_CAP}|of|and|&|for|the|de|la)[ \t]+){{0,5}}?"
    rf"{_SUFFIX}(?:[ \t]+(?:of|at|in)[ \t]+{_PLACE})?)(?![\w-])"
)
_AUTHORITIES = frozenset({"National", "NIHs", "World", "European", "International", "Federal"})
_LEADING = frozenset({"The", "At", "In", "From", "Our", "For", "And", "With", "This", "An", "A", "To"})
# These ends are a facility's only where the name stops: "MedlinePlus Medical Dictionary" is a book.
_OPEN_ENDS = frozenset({"Medical", "Medicine", "Health", "Med", "Institute", "Memorial", "Center", "Centre"})
_CUE = re.compile(
    r"\b(?:seen|treated|admitted|evaluated|consulted|operated|visited|visits?|diagnosed|hospitali[sz]ed"
    r"|transferred|referred|discharged|"
    r"presented|presenting|presents|followed|managed|enrolled|scheduled|surgery|procedure|appointment|stay"
    r"|care|labs?|imaging|scan|"
    r"work(?:s|ed|ing)?|li(?:ves|ved|ving)|reside[sd]?|residing|born|raised|moved|travel(?:l?ed|s)?|resident|native|"
    r"record|records|admission|checkup|check-up|follow-up|evaluation|treatment|therapy|done|performed"
    r"|started|initiated)"
    r"(?:\s+(?:last\s+\w+|recently|previously|initially|first|again|today|yesterday|back))?"
    rf"\s+(?:at|in|to|from|near|outside)\s+(?:(?:our|the|their|his|her)\s+)?(?P<phi>{_CAP}(?:\s+(?:(?:of"
    rf"|and|&)\s+)?{_CAP}){{0,4}}{_AFTER_PLACE})"
)
_AT = re.compile(
    rf"\bat\s+(?:the\s+)?(?P<phi>(?:{_CAP}\s+){{1,3}}(?:General|Regional|Mercy)|(?:St\.?|Saint)\s+{_CAP}(?:'s)?)(?!\w)"
)
_FROM = re.compile(
    rf"\b(?:from|at|in)\s+(?:(?:our|the)\s+)?(?P<phi>{_CAP}(?:\s+{_CAP}){{0,3}}\s+(?:clinic|office|hospital"
    rf"|campus|branch|facility|ER)\b)"
)


class GeographicRecognizer(RuleRecognizer):
    """Addresses, cities, ZIP codes and facilities."""

    category = "GEO"
    rules = (
        Rule(
            re.compile(
                rf"(?<![\w.-])\d{{1,6}}[A-Za-z]?\s+(?:[NSEW]{{1,2}}\.?\s+)?(?:(?:[A-Z][\w'.-]*"
                rf"|\d{{1,3}}(?:st|nd|rd|th))\s+){{1,4}}{_STREET}\b\.?"
                rf"(?:\s+[NSEW]{{1,2}}\b\.?)?{_UNIT}"
            ),
            0.9,
        ),
        Rule(
            re.compile(r"(?<![\w.-])\d{1,6}\s+(?:[a-z]+\s+){1,3}(?:street|avenue|ave|road|boulevard|blvd|lane)\b"),
            0.8,
            ("str", "ave", "road", "boul", "blvd", "lane"),
        ),
        Rule(re.compile(r"\b(?:[A-Z][\w'-]*\s+){1,3}(?:Street|Avenue|Boulevard|Road|Lane|Drive|Parkway)\b"), 0.7),
        Rule(re.compile(r"\bP\.?\s?O\.?\s+Box\s+#?\d+", re.IGNORECASE), 0.95, ("box",)),
        Rule(re.compile(rf"\b{_PLACE},\s*(?:{_CLEAR_STATES})\b(?:,?\s+{_ZIP})?(?!-)"), 0.8),
        Rule(re.compile(rf"\b{_PLACE},?\s+(?:{_ALL_STATES}),?\s+{_ZIP}\b"), 0.9),
        Rule(
            re.compile(
                rf"\b(?:{'|'.join(re.escape(c) for c in sorted(CITIES, key=len, reverse=True))}),?\s+"
                rf"(?:{_ALL_STATES})\b"
            ),
            0.8,
        ),
        Rule(
            re.compile(rf"\b{_PLACE},\s*(?:{_STATE_NAMES})\b(?!\s+Natives?)(?:,?\s+{_ZIP})?"),
            0.8,
            (),
            lambda phi: phi.split(",")[0] not in STATES,
        ),
        Rule(re.compile(rf"\b(?:{_ALL_STATES}|{_STATE_NAMES})\s+(?P<phi>{_ZIP})\b"), 0.85),
        Rule(
            re.compile(
                rf"\b(?:zip|postal)(?:\s*code)?\s*(?:is|:|=|\#)?\s*(?P<phi>{_ZIP}|[A-Z]\d[A-Z]\s?\d[A-Z]\d)\b",
                re.IGNORECASE,
            ),
            0.95,
            ("zip", "postal"),
        ),
        Rule(re.compile(r"(?<![\w.-])\d{5}-\d{4}(?![\w-]|\.\d)"), 0.6),
        Rule(re.compile(r"(?<!\w)[A-Z]{1,2}\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2}(?!\w)"), 0.6),
        Rule(
            re.compile(r"\b(?:[A-Z][\w'-]+\s+){1,2}(?:County|Township|Borough|Parish|Village|Heights|Reservation)\b"),
            0.7,
        ),
        Rule(
            re.compile(
                r"(?<![\w'])(?<![\w'] )(?:address|city|town|county|residence|location|facility|hospital"
                r"|clinic)\s*:\s*(?P<phi>[A-Z0-9][^\n,;|]{2,60})",
                re.IGNORECASE,
            ),
            0.8,
            (":",),
            lambda phi: phi[0].isupper() or phi[0].isdigit(),
        ),
    )

    def find(self, text: str) -> Iterable[Hit]:
        """Yield places by rule, then by list, by ending and by the words before them."""
        yield from super().find(text)
        for match in _LISTED_PLACE.finditer(text):
            if not _names_a_thing(text, match.end()) and not _belongs_to_a_person(text, match):
                yield Hit(*match.span(), 0.75)
        yield from _facilities(text)
        for pattern in (_CUE, _FROM, _AT):
            for match in pattern.finditer(text):
                first = match["phi"].split()[0]
                if (
                    first not in NOT_A_NAME
                    and not _is_abbreviation_of_medicine(match["phi"])
                    and match["phi"] not in STATES
                ):
                    yield Hit(*match.span("phi"), 0.6)


def _facilities(text: str) -> Iterator[Hit]:
    """Yield names with a facility's ending, without the words that only lead to them."""
    for match in _FACILITY.finditer(text):
        start, end = match.span("phi")
        words = match["phi"].split()
        while words and words[0] in _LEADING:
            start += len(words[0])
            start += len(text[start:end]) - len(text[start:end].lstrip())
            words = words[1:]
        book = bool(words) and words[-1] in _OPEN_ENDS and re.match(r"\s[A-Z]", text[end : end + 2]) is not None
        if len(words) >= 2 and not book and not _is_field_or_authority(words):
            yield Hit(start, end, 0.75)


def _is_field_or_authority(words: list[str]) -> bool:
    """Say whether it is "Public Health" or "National Institutes of Health", which locate nobody."""
    field = words[0] in FIELDS_OF_MEDICINE and len(words) == 2 and words[-1] not in {"Hospital", "Clinic"}
    return field or (words[0] in _AUTHORITIES and "Hospital" not in words)


def _names_a_thing(text: str, end: int) -> bool:
    """Say whether a thing named for a place follows: "Boston criteria", "Philadelphia chromosome"."""
    following = re.match(r"[\s-]+(?:\w+\s+)?(\w+)", text[end : end + 40])
    nearest = re.match(r"[\s-]+(\w+)", text[end : end + 40])
    return bool(nearest and nearest[1] in EPONYM_HEADS) or bool(
        following and following[1] in {"Scale", "criteria", "score"}
    )


def _belongs_to_a_person(text: str, match: re.Match[str]) -> bool:
    """Say whether a city's word stands after a given name, as in "Paul Columbus"."""
    before = re.search(r"(\w+)\s+$", text[max(0, match.start() - 20) : match.start()])
    return bool(before and before[1] in GIVEN)


def _is_abbreviation_of_medicine(phrase: str) -> bool:
    first, *others = phrase.split()
    short = first.isupper() and len(first) <= 5
    return (
        first in NOT_A_PLACE
        or any(c.isdigit() for c in first)
        or (short and all(o.islower() for o in others))
        or len(phrase) < 3
    )
