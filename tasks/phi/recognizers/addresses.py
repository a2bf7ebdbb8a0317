"""Street addresses, post-office boxes, ZIP and postal codes, and coordinates, as rules anchored at their digits.

Covers house number, name and suffix (Postal Service Publication 28, appendix C1, and its abbreviations) in title case,
capitals and lower case, with direction and unit; county roads, highways, rural routes and Spanish or French street
words; a house number without a suffix after "lives at"; ZIP codes after a state or keyword, or with four more digits;
Canadian and British postcodes. It does not cover addresses written in words ("twelve Oak Street"), a five-digit
number without surroundings, or street names without a number in lower case.
"""

import re

from tasks.phi.recognizers.rules import Rule
from tasks.phi.recognizers.words import STATES, is_medical

CLEAR_STATES = (
    "AK|AZ|AR|CA|FL|GA|IL|IA|KS|KY|MN|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY|DC"
)
ALL_STATES = CLEAR_STATES + "|AL|CO|CT|DE|HI|ID|IN|LA|ME|MD|MA|MI|MS|OK|OR|PA|PR|VI|GU"
STATE_NAMES = "|".join(sorted(STATES, key=len, reverse=True))
ZIP = r"\d{5}(?:-\d{4})?(?![\w-]|\.\d)"
ZIP_AFTER = re.compile(rf"[.,]?\s{{1,3}}(?P<phi>{ZIP})")

# Words that end a street's name and little else, and those that need a house number before them.
CLEAR_STREETS = (
    "street|avenue|ave|road|rd|boulevard|blvd|lane|drive|parkway|pkwy|highway|hwy|turnpike|tpke|freeway|expressway"
    "|causeway|crescent|court|terrace|cul-de-sac"
)
_STREETS = CLEAR_STREETS + (
    "|st|str|av|ln|dr|ct|place|pl|way|ter|circle|cir|square|sq|trail|trl|loop|alley|plaza|plz|close|row|pike|route|rte"
    "|bypass|spur|bend|ridge|run|hollow|point|pointe|crossing|xing|path|walk|mews|gardens|park|green|hill|heights|hts"
    "|view|vista|glen|grove|cove|landing|creek|canyon|pass|bluff|estates|meadows|rise|extension|concourse|commons"
    "|manor|trace|chase|crest|quay|wharf|promenade|esplanade|broadway|fork|knoll|bank|gate|villas?"
)
_UNIT = (
    r"(?:,?[ \t]*\n?[ \t]*(?:apt|apartment|suite|ste|unit|floor|fl|room|rm|bldg|building|lot|trailer|spc|space|\#)"
    r"(?:\.|\b|(?<=\#))[ \t]*\#?[a-z0-9]{1,4}(?:-[a-z0-9]{1,4})?\b)?"
)
_DIRECTION = r"(?:(?:north|south|east|west|northeast|northwest|southeast|southwest|[ns][ew]?|[ew])\b\.?[ ]+)?"
_AFTER_STREET = rf"\b(?:\.(?=,|[ ]?\w))?(?:[ ]+(?:[ns][ew]?|[ew])\b(?!')(?:\.(?=,|[ ]\w))?)?{_UNIT}"
_HOUSE = r"[0-9](?<![\w.,:/%-][0-9])\d{0,5}(?:[- ]?[a-z](?![a-z])|-\d{1,4}|[ ]1/2)?,?[ ]+"
_HOUSE_ANY_CASE = _HOUSE.replace("[a-z](?![a-z])", "[A-Za-z](?![A-Za-z])")
# Words of measures that stand between a number and "st", "ct", "drive" or "lane" without making an address.
_NO_STREET = re.compile(
    r"\b(?:mm|mv|mg|ml|mcg|lead|leads|hours?|hrs?|min|minutes?|days?|weeks?|months?|years?|yrs?|miles?|times|chest|head"
    r"|abd|abdominal|prior|repeat|and|or|of|by|with|for|the|to|in|on|per|patients?|mile|blood|ct|pet|dr|new|non)\b"
)


_TIME = re.compile(
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december|am|pm"
    r"|hours?|days?|weeks?"
    r"|months?|years?|mg|ml|mcg|monday|tuesday|wednesday|thursday|friday|saturday|sunday|patients?|percent|calories?)\b"
)


def _name(address: str) -> str:
    """Return what stands between the house number and the suffix, in lower case."""
    words = address.lower().split("\n")[0].split()
    return " ".join(words[1:-1])


def _is_address(address: str) -> bool:
    """Say whether what stands between number and suffix is no measure and no ordinary words."""
    return _NO_STREET.search(_name(address)) is None


def _is_street(phi: str) -> bool:
    """Say whether a street without a number is more than "on memory lane" or "at lead st"."""
    word = phi.split()[-2].lower()
    return word not in {"memory", "lead", "right", "wrong", "left", "rough", "rocky", "back", "open"} and (
        not is_medical(word)
    )


def _is_no_time(address: str) -> bool:
    """Say whether no month or measure follows the number, as in "on 15 May Dr. ..."."""
    return _TIME.match(_name(address)) is None


def _is_no_year(address: str) -> bool:
    """Say whether the number is no year, as in "moved to 2019 Oak"."""
    return address.split(maxsplit=1)[0][:2] not in {"19", "20"} or len(address.split(maxsplit=1)[0]) != 4


# Rules without words to look for: they begin at a digit, or at a capital before one.
ADDRESS_RULES = (
    # 518 Old Larch Road, 46-C Tamarack Ct, 633 W. 7th Ave NE; 12 FM 1488; 3rd Ave; 44999-1234; 41.2307, -97.5512
    Rule(
        re.compile(
            rf"{_HOUSE_ANY_CASE}(?:(?:[NSEW]{{1,2}}\b\.?|North|South|East|West)[ ]+)?(?:(?:FM|CR"
            rf"|SR)[ -]\d{{1,4}}\b{_UNIT}|"
            r"(?:(?:[A-Z][\w'-]*\.?|\d{1,3}(?:st|nd|rd|th|ST|ND|RD|TH)|(?:de|la|of|the|del)(?=[ ][A-Z]))[ ]+){1,4}?"
            r"(?![Dd][Rr]\b\.?[ ]+(?!Apt|APT|Unit|UNIT|Suite|Ste|[NSEW]\b)[A-Z])"
            rf"(?=[A-Z])(?i:(?:{_STREETS}){_AFTER_STREET}))"
            r"|[0-9](?<![\w.-][0-9])(?:\d{0,2}(?:st|nd|rd|th|ST|ND|RD|TH)[ ](?:Street|Avenue|Ave|Road|Rd"
            r"|Blvd|Lane|STREET|AVENUE|AVE"
            r"|(?:St|ST)(?!\.?[ ]+[A-Z]))\b|\d{4}-\d{4}(?![\w-]|\.\d)|\d?\.\d{4,8},[ ]?-\d{2,3}\.\d{4,8}\b)"
        ),
        0.9,
        (),
        _is_no_time,
    ),
    # K1A 0B1, SW1A 1AA
    Rule(
        re.compile(
            r"[A-Z](?<!\w[A-Z])(?:(?<=[A-CEGHJ-NPR-TVXY])\d[A-Z][ ]\d[A-Z]\d"
            r"|[A-Z]?\d[A-Z\d]?\s\d[ABD-HJLNP-UW-Z]{2})(?!\w)"
        ),
        0.6,
    ),
)

# Rules by the words of which a text must have one.
ADDRESS_WORD_RULES = {
    # 12 oak street apt 4; 45 oak st: short suffixes are also medicine's, so the address has to end or go on as one
    f"{CLEAR_STREETS.replace('|', ' ')} ln cir pl st dr ct way place": Rule(
        re.compile(
            rf"{_HOUSE}{_DIRECTION}(?:[a-z][a-z'-]*\.?[ ]+|\d{{1,3}}(?:st|nd|rd|th)[ ]+){{1,3}}?"
            rf"(?:(?:{CLEAR_STREETS}|ln|cir|pl(?=[ ,.]))\b{_AFTER_STREET}"
            rf"|(?:st|dr|ct|way|place)\b\.?(?=\s*(?:$|\n|,|\#)|[ ](?:apt|unit|suite|ste|in)\b){_UNIT})"
        ),
        0.8,
        (),
        _is_address,
        lower=True,
    ),
    # lives at 1725 Tanner Spur, home address: 12 the larches
    "lives lived living resides resided residing stays staying address home moved": Rule(
        re.compile(
            r"(?:li(?:ves|ved|ving)|resid(?:es|ed|ing)|stay(?:s|ed|ing)|address|home|house|moved)"
            r"(?:[ ](?:is|was|to|alone|now|currently|with[ ]\w+(?:[ ]\w+)?))?[ ]?(?:at|to|is|:|=|-)?\s*"
            rf"(?P<phi>(?<=[ :=-])\d{{1,6}}(?:-?[a-z](?![a-z]))?[ ]+{_DIRECTION}(?!-|year|y/?o\b|day|week"
            rf"|month|block|mile|"
            r"min|hour|liter|puff|step|am\b|pm\b|of\b|to\b|mg\b|with\b|or\b|and\b|times|more|people"
            r"|children|kids|cats|dogs"
            r"|stairs|flights|other)[a-z][a-z'.-]{2,}(?:[ ][a-z][a-z'-]+(?=,|\.|\n|$|[ ](?:apt|unit)))?"
            rf"{_UNIT})(?=[,.;\n]|$|[ ](?:in|with|and)\b)"
        ),
        0.7,
        (),
        _is_no_year,
        lower=True,
    ),
    # County Road 587, State Route 9, Highway 61 N
    "county state forest township ranch highway hwy interstate": Rule(
        re.compile(
            r"(?:\b\d{1,6}[ ]+(?:[nsew]\b\.?[ ]+)?)?(?:(?:county|state|farm|ranch|forest|township|old"
            r"|u\.?s\.?)[ ]+){0,3}"
            r"(?:(?:county|state|forest|township|ranch)[ ](?:road|rd|route|rte)|highway|hwy|interstate)\.?[ ]+"
            rf"(?:[a-z]{{1,2}}-?)?\d{{1,4}}[a-z]?\b(?:[ ][nsew]\b(?!'))?{_UNIT}"
        ),
        0.8,
        lower=True,
    ),
    # on I-95; I-131 is iodine
    "mvc mva exit crash highway collision accident interstate rollover driving drove route mile": Rule(
        re.compile(r"\b(?:on|off|along|exit|from|near) (?P<phi>I-\d{1,2}\b(?: [NSEW]\b)?)"), 0.7
    ),
    # on CR 412, off FM 1488; CR alone is a complete response
    "bridge road rd turn highway hwy lives mva mvc gate": Rule(
        re.compile(r"(?:on|off|along|at|near|past|from|bridge,) (?P<phi>(?:CR|FM|SR|Co\.? R(?:oa)?d)[ -]?\d{2,4}\b)"),
        0.7,
    ),
    # mile marker 88, near exit 112
    "exit mile milepost": Rule(
        re.compile(
            r"(?:mile ?marker|milepost|mile post) \d{1,3}(?!\w|\.\d)|(?:near|at|off|past|by) exit \d{1,3}[a-z]?(?!\w)"
        ),
        0.7,
        lower=True,
    ),
    # on main st
    "st street ave avenue rd road blvd boulevard lane ln": Rule(
        re.compile(
            r"(?:on|off|near|at|down) (?P<phi>(?!the |a |st |this |that |his |her |my |our |their |same |new |long )"
            r"(?!ecg |ekg )"
            r"(?:(?:old|[nsew]|north|south|east|west) )?(?:[a-z]{3,20}|\d{1,3}(?:st|nd|rd|th)) "
            r"(?:st|street|ave|avenue|rd|road|blvd|boulevard|lane|ln))"
            r"(?=\.?(?:[,;)\n]|\.[ \n]|\Z)|\.?$| (?:in|by|near|and|across|behind|next|not|w/|with) )"
        ),
        0.7,
        accept=_is_street,
        lower=True,
    ),
    # corner of Larch and 6th
    "corner intersection": Rule(
        re.compile(
            rf"(?:corner|intersection) of (?P<phi>[a-z0-9]{{3,}}(?: (?:{CLEAR_STREETS}|st)\b\.?)? (?:and|&) "
            rf"(?:the )?[a-z0-9]{{3,}}(?: (?:{CLEAR_STREETS}|st)\b)?)"
        ),
        0.7,
        accept=lambda phi: not phi.lower().startswith(("the ", "his ", "her ", "left ", "right ", "upper ", "lower ")),
        lower=True,
    ),
    # on Route 66, off US-101
    "route rte us": Rule(
        re.compile(
            r"(?:on|off|along|near|via|from|at|and|of) (?P<phi>(?:(?:state |old |us )?(?:route|rte)\.? \d{1,4}"
            r"|us-\d{1,3})(?: [nsew])?)(?![\w%]|\.\d)"
        ),
        0.7,
        lower=True,
    ),
    # Rural Route 2 Box 118, RR 3 Box 9, HC 61 Box 12, P.O. Box 8802
    "box rural pob": Rule(
        re.compile(
            r"(?:rural[ ]route|star[ ]route|rfd|rt\.?|rte\.?|route|r\.?[ ]?[rd]\.?|hc)[ ]?\#?\d{1,4},?[ ]+"
            r"box[ ]+\#?\d{1,6}[a-z]?\b"
            r"|rural[ ]route[ ]\#?\d{1,4}\b|p\.?[ ]?o\.?[ ]?box[ ]+\#?\d{1,7}\b|post[ ]office[ ]box[ ]+\#?\d{1,7}\b"
            r"|pob[ ]\d{1,7}\b"
        ),
        0.95,
        lower=True,
    ),
    # Calle Luna 45, Avenida de la Paz, 12 rue Cler
    "calle avenida carretera carr paseo camino urb urbanizacion rue callejon": Rule(
        re.compile(
            r"(?:\d{1,5},?[ ])?(?:Calle|Avenida|Carretera|Carr\.|Paseo|Camino|Urb\.|Urbanizacion|[Rr]ue|Callejon)[ ]"
            r"(?:(?:de|del|la|las|los|des|du|el)[ ]){0,3}(?:[A-Z][\w'-]+"
            r"|\d{1,4})(?:[ ][A-Z][\w'-]+){0,2}(?:,?[ ]\#?\d{1,5}\b)?"
        ),
        0.9,
    ),
    # 88 camino del rio
    "calle avenida camino paseo callejon": Rule(
        re.compile(
            r"[0-9](?<!\w[0-9])\d{0,4} (?:calle|avenida|camino|paseo|callejon)(?: (?:de|del|la|las|los|el))*"
            rf" [a-z]{{3,}}{_UNIT}"
        ),
        0.8,
        lower=True,
    ),
    # on calle sexta
    "calle avenida paseo callejon ": Rule(
        re.compile(
            r"(?:on|in|at|near|en|off|to) (?P<phi>(?:calle|avenida|paseo|callejon)(?: (?:de|del|la|las|los|el))*"
            r" [a-z]{3,20})(?![a-z])"
        ),
        0.8,
        lower=True,
    ),
    # apt 12, Apartment 4B: a unit alone
    "apt apartment": Rule(
        re.compile(
            r"(?:apt|apartment)(?:\.|\b)[ ]?(?:\#|no\.?[ ]|number[ ])?[ ]?(?:\d{1,4}[a-z]?|[a-z]-?\d{1,4}|[b-z])\b"
        ),
        0.8,
        lower=True,
    ),
    # ZIP code after its keyword; after a state it goes with the place before it
    "zip zipcode postal postcode post": Rule(
        re.compile(
            r"(?:zip|postal|post)(?:[ ]?code)?s?\s{0,20}(?:is|was|:|=|\#|of|\|)?\s{0,20}"
            r"(?P<phi>\d{5}(?:-\d{4})?(?!\w)|[a-z]\d[a-z]\s?\d[a-z]\d\b|[a-z]{1,2}\d[a-z\d]?\s?\d[a-z]{2}\b)"
        ),
        0.95,
        lower=True,
    ),
    # Lot 14, Larch Sky Hwy; Box 12, Tamarack Ave
    "lot box space trailer": Rule(
        re.compile(
            r"(?:Lot|LOT|Box|BOX|Space|SPACE|Trailer|TRAILER)[ ]\#?\d{1,5}[A-Za-z]?,?[ ](?:[A-Z][\w'-]+[ ]){1,3}"
            rf"(?=[A-Z])(?i:(?:{CLEAR_STREETS}|st|ln|dr|cir|pl|way|trail|loop){_AFTER_STREET})"
        ),
        0.85,
    ),
    # GPS 41.2307, -97.5512
    "gps latitude longitude coordinates coord coords": Rule(
        re.compile(
            r"(?:gps|latitude|coord(?:inate)?s?|longitude)[^\n\d-]{0,25}(?P<phi>-?\d{1,3}\.\d{2,8}"
            r"(?:[ ]?[ns])?(?:\s*[,/; ]\s*(?:lon[a-z]*\W{0,3})?-?\d{1,3}\.\d{2,8}(?:[ ]?[ew])?)?)(?![\w%])"
        ),
        0.9,
        lower=True,
    ),
}
