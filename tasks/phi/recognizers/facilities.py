"""Facilities by name: hospitals, clinics, practices, homes, pharmacies, schools, churches, shelters and the like.

A facility is treated as a place, because it locates its patients. Found from the (rare) word that ends its name, read
backwards over the capitalised words before it, and from the words that begin one: "St. Mary's", "Hospital San Juan".
Ends that medicine also uses (Neurology, Transplant, General) count where the name stops and a cue or a line start
precedes. It does not cover facilities called by a bare word, or "the hospital", "an outside hospital"; names of
fields ("Pain Clinic", "Public Health") and of national authorities stay.
"""

import re
from collections.abc import Iterator

from tasks.phi.recognizers.addresses import ALL_STATES, STATE_NAMES
from tasks.phi.recognizers.places import ALONE, KNOWN, LONGEST, Word, may_name_a_place, shouted, word_list
from tasks.phi.recognizers.rules import Hit, Rule
from tasks.phi.recognizers.words import FIELDS_OF_MEDICINE, GIVEN, NOT_A_NAME, ORDINARY, is_medical, kind_of

_STRONG = word_list("facility_ends")
# These end a facility's name after one of `_MIDDLE`.
_NEEDS_MIDDLE = word_list("facility_ends_after_a_middle")
_MIDDLE = word_list("facility_middles")
# These end one where the name stops: "MedlinePlus Medical Dictionary" is a book.
_OPEN = word_list("facility_ends_where_it_stops")
# These end one after a cue or at the start of a line.
_WITH_A_CUE = word_list("facility_ends_with_a_cue")
_LETTERS_AFTER = re.compile(r",?[ ](?:P\.?C\.?|P\.?A\.?|LLC|L\.L\.C\.|Inc\.?|PLLC|LLP|Ltd\.?|Corp\.?)(?![\w])")
_MORE = re.compile(
    r"(?:[ ](?:(?:[&]|and)[ ])?(?:Hospital|Center|Centre|Ctr\.?|Care|System|Clinic|Campus|Network|Group"
    r"|Foundation|Pavilion"
    r"|School|College|Annex|Building|Tower|Wing|Rehab|Wellness|Recovery|Nursing|Surgery|Dentistry|Therapy)\b)+"
    r"|[ ]for[ ](?:the[ ])?[A-Z][a-z]+(?:[ ](?:[A-Z][a-z]+|and|&)){0,3}"
)
_IN_STATE = re.compile(rf"(?:,|[ ]in)?[ ](?:{ALL_STATES})(?![\w-])|,[ ](?:{STATE_NAMES})(?!\w)")
_OF = re.compile(r"[ ](?:of|at|OF|AT)[ ](?:the[ ])?(?:[A-Z][\w'-]*\.?)(?:[ ](?:of[ ])?[A-Z][\w'-]*){0,3}")
_ROOM = re.compile(
    r"(?:[ ]\d{1,2}(?:[ ](?:North|South|East|West|[NSEW])\b|[A-Z]\b)|,?[ ](?:[Rr]oom|[Rr]m|[Ww]ard|[Uu]nit"
    r"|[Ff]loor|[Bb]ed|[Ss]uite|[Ss]te"
    r"|[Bb]ldg|[Aa]pt)\.?[ ]\#?\w{1,5}\b|[ ](?:ICU|CCU|NICU|PICU|MICU|SICU|ED|ER)(?!\w))+"
)
_JOINERS = frozenset(
    (
        " ",
        "-",
        " & ",
        " and ",
        " of ",
        " of the ",
        " for ",
        " de ",
        " del ",
        " la ",
        " de la ",
        " du ",
        "-by-the-",
        "/",
        ". ",
        ". of ",
    )
)
_OF_OR_FOR = frozenset((" of ", " of the ", " for ", ". of "))
_BEFORE_OF = word_list("facility_words_before_of")
_ABBREVIATED = frozenset(("st", "mt", "ft", "ste", "med", "univ", "gen", "mem", "reg", "co", "cnty", "comm"))
_DIRECTIONS = frozenset(("central", "north", "south", "east", "west", "mercy", "regional"))
_AUTHORITIES = frozenset(("national", "world", "european", "international", "federal", "american", "nih"))
# Words of general use inside a facility's name, which do not end it as other words of `NOT_A_NAME` do.
_INSIDE = word_list("inside_a_facility")
_STOPS = frozenset(word.lower() for word in NOT_A_NAME) - _INSIDE - _MIDDLE - _NEEDS_MIDDLE | word_list(
    "never_in_a_facility"
)
_GENERIC = (
    frozenset(word.lower() for word in FIELDS_OF_MEDICINE)
    | _INSIDE - {"red", "blue", "white", "lane", "market", "new", "old"}
    | _MIDDLE
    | _NEEDS_MIDDLE
    | _STRONG
    | _OPEN
)
_OF_FIELDS = ("ology", "iatry", "iatrics", "ics")
_ALSO_SURNAMES = frozenset(
    ("house", "hall", "wing", "ward", "court", "place", "college", "farm", "lodge", "mills", "mercy")
)
# In capitals these may end a sentence: "DID NOT ADVISE DIALYSIS".
_GENERAL = word_list("facility_ends_also_objects")
_KINDS_OF_HOMES = frozenset(("snf", "irf", "ltac", "ltach"))
# Who comes to the scene: the word before says from where.
_ON_THE_SCENE = frozenset(("police", "sheriff", "ambulance", "ems", "fire", "rescue", "pd", "fd", "vfd"))
# Ends that count behind a place's or an unknown name alone: "Quexal Vascular", "Dorling Unit".
_BEHIND_A_PLACE = word_list("facility_ends_behind_a_place")
_ENDS = _BEHIND_A_PLACE | _ON_THE_SCENE | _STRONG | _NEEDS_MIDDLE | _OPEN | _WITH_A_CUE
# Where such a name may stand besides: behind a comma, an opening bracket or a floor.
_APART = re.compile(r"(?:[,(]|\b(?:floor|fl|rm|room)\b)[ ]?\Z")
_STOPPED = re.compile(r"\s*(?:[,.;:)\n|]|$|[ ]--|[ ]{2}|[ ]\(|[ ](?:LLC|PLLC|LLP|P\.?[CA]\b))")
_CUE_BEFORE = re.compile(
    r"(?:(?:^|[\n|:>•*(;\t)@]|[ ]{3}|\b(?:at|@|to|from|via|by|in|of|through|with|into|on|cc|for|per|not|or|and"
    r"|appt|appointment|see|sees|[Aa]t|AT|TO|FROM|AND|IN|FOR|PER|OR|NOT))[ \t]*(?:the[ ])?"
    r"|\n[ \t]*\W{0,3})$"
)
_TO_AT = re.compile(r"(?:\b(?:at|to|from|in|via|through|visited|AT|TO|FROM)|@)[ ]$")
_GOES_ON = re.compile(r"[ ][A-Z]|-\w")
_LANDSCAPES = word_list("landscapes")
_IN_PLACE = re.compile(r"[ ](?:in|at|of)[ ](?:the[ ])?[A-Z][a-z]+|[ ](?:OF|AT)[ ][A-Z]{4}")
_ACUITY = re.compile(r"[ ]*:?[ ]*(?:\d|OD|OS|was|is|of)")
# LarkCare is one word of two
_CAMEL_END = re.compile(r"(?:Care(?<=[a-z]Care)|Health(?<=[a-z]Health)|Med(?<=[a-z]Med))(?![\w-])")
_CAMEL = re.compile(r"[A-Z](?<!\w[A-Z])[a-z]+(?:Care|Health|Med)\Z")
_SAINTS = frozenset(["st", "saint", "mt", "mount"])
FACILITY_WORDS = _ENDS | _SAINTS
_NO_SAINT = re.compile(r"[ .]+(?:John(?:'s|s)?[ -][Ww]ort|Vitus|Elsewhere|segment|elevation|depression|Gallen)")
_SAINT = re.compile(
    r"(?:St|ST|Saint|SAINT|Mt|MT|Mount|MOUNT)\.?[ ][A-Z]\w+(?:'s|'S)?(?:[ ](?:hospital|clinic|medical center))?"
)

FACILITY_WORD_RULES = {
    # Hospital San Telmo del Valle, Centro de Salud Rio Claro, Clinica La Paz
    "san santa santo sao nuestra de del la las los du des": Rule(
        re.compile(
            r"(?:Hospital|Clinica|Centro|Sanatorio|Hopital|Klinikum|Policlinico)[ ](?:(?:General|Universitario|Nacional"
            r"|Regional|Medico|Central)[ ])?(?:(?:de|del|la|las|los|el|du|des|San|Santa|Santo|Nuestra|Sao)[ ]){1,3}"
            r"[A-Z][\w'-]+(?:[ ](?:(?:de|del|la|y)[ ]){0,2}[A-Z][\w'-]+){0,4}"
        ),
        0.9,
    ),
    "temple congregation masjid iglesia gurdwara parroquia": Rule(
        re.compile(
            r"(?:Temple|Congregation|Masjid|Iglesia|Gurdwara|Parroquia)[ ](?!University)[A-Z][\w'-]+"
            r"(?:[ ](?:de[ ])?[A-Z][\w'-]+){0,2}"
        ),
        0.7,
    ),
    "high middle prep": Rule(
        re.compile(
            r"(?:at|[Aa]ttends|to|from)[ ](?P<phi>[A-Z][a-z]+(?:[ ][A-Z][a-z]+)?[ ](?:High|Middle|Prep|Jr\.? High))"
            r"(?=[.,;)\n]|$|[ ](?:and|in|with|who|where|this|last)\b)"
        ),
        0.6,
        (),
        lambda phi: phi.split()[0] not in NOT_A_NAME,
    ),
    "grader grade school student attends teaches teacher": Rule(
        re.compile(r"[PIM](?<!\w[PIM])\.?S\.?[ ]?\d{1,3}(?!\w|\.\d)"), 0.6, (), lambda phi: phi[0] != "M" or "." in phi
    ),
    # a ward by floor and side
    "north south east west": Rule(
        re.compile(
            r"(?:on|to|from|at|in) (?P<phi>\d{1,2} ?(?:north|south|east|west)(?:east|west)?)"
            r"(?![\w-]| [a-z]+ (?:st|ave|rd)\b)"
        ),
        0.6,
        lower=True,
    ),
    "tower pavilion bldg": Rule(
        re.compile(r"(?:Tower|Pavilion|Bldg\.?)[ ](?:North|South|East|West|[A-Z])\b(?:[ -]?\d{1,4}[A-Z]?\b)?"), 0.6
    ),
    "children": Rule(
        re.compile(
            r"(?:at|to|from|to see) (?P<phi>Children's)(?=[.,;)\n]|$| (?:in|on|for|with|and|by|ED|ER|yesterday)\b)"
        ),
        0.6,
    ),
    "lady": Rule(
        re.compile(
            r"Our Lady of(?: the)? [A-Z]\w+(?: [A-Z]\w+){0,2}"
            r"|OUR LADY OF (?:THE )?[A-Z]{3,}(?: [A-Z]{3,}){0,3}? "
            r"(?:HOSPITAL|HOME|CHURCH|PARISH|SCHOOL|CENTER|MANOR|CLINIC)\b"
        ),
        0.8,
    ),
    # Dorling Eye & Face, Quexal Women's & Infants'
    "eye ear skin heart foot bone women's women womens lung head": Rule(
        re.compile(
            r"[A-Z](?<![\w'-][A-Z])[\w'-]{2,}(?:[ ][A-Z][\w'-]+){0,2}[ ]"
            r"(?:(?:Eye|Ear|Skin|Heart|Foot|Bone|Women's|Lung|Head)"
            r"(?:, [A-Z][a-z]+)?[ ](?:&|and)[ ]"
            r"(?:Face|Ear|Ankle|Joint|Vascular|Lung|Throat|Children's|Infants|Neck|Laser)"
            r"|(?:EYE|EAR|SKIN|HEART|FOOT|BONE|WOMEN'S|LUNG|HEAD)[ ](?:&|AND)[ ]"
            r"(?:FACE|EAR|ANKLE|JOINT|VASCULAR|LUNG|THROAT|CHILDREN'S|INFANTS|NECK|LASER))\b'?"
        ),
        0.6,
        (
            " & ",
            " and face",
            " and ear",
            " and vascular",
            " and children's",
            " and infants",
            " and ankle",
            " and throat",
        ),
        lambda phi: phi.split()[0].capitalize() not in NOT_A_NAME and _is_placelike(phi.split()[0].lower()),
    ),
    # in lower case: by delgado's market
    "market grocery store diner cafe bar pharmacy bakery grill garage deli gym tavern salon": Rule(
        re.compile(
            r"(?:by|at|near|from|behind|beside|next to|across from|over) (?:the )?(?P<phi>[a-z][a-z'-]{3,20}'s "
            r"(?:market|grocery|store|diner|cafe|bar|pharmacy|bakery|grill|garage|deli|gym|tavern|salon))(?![a-z])"
        ),
        0.6,
        ("'s ",),
        lambda phi: may_name_a_place(phi.lower().split("'s ")[0]),
        lower=True,
    ),
    # site: larch-line recovery, havre
    "site location program clinic facility office": Rule(
        re.compile(
            r"(?:site|location|program|clinic|facility|office): (?P<phi>[a-z][a-z'&-]+(?: [a-z'&-]+){0,3}, [a-z]{4,20})"
            r"(?![a-z])"
        ),
        0.8,
        ("site: ", "location: ", "program: ", "clinic: ", "facility: ", "office: "),
        lambda phi: KNOWN.get(phi.lower().rpartition(", ")[2]) == ALONE,
        lower=True,
    ),
    # to SNF (Larch Pointe)
    "snf alf irf ltac rehab facility pharmacy hospice shelter jail": Rule(
        re.compile(
            r"(?:SNF|ALF|IRF|LTAC|[Rr]ehab|[Ff]acility|[Pp]harmacy|[Hh]ospice|[Ss]helter|[Jj]ail) "
            r"\((?P<phi>[A-Z][a-z]+(?: [A-Z][a-z]+){0,3})\)"
        ),
        0.7,
        accept=lambda phi: phi.split()[0] not in NOT_A_NAME and not any(is_medical(w.lower()) for w in phi.split()),
    ),
    # a federal or state prison
    "fci usp fmc sci mci": Rule(
        re.compile(r"(?:FCI|USP|FMC|SCI|MCI) [A-Z][a-z]{3,}(?! [a-z]+ing)(?=[.,;)\n]|$| on| in| since)"), 0.6
    ),
    # St. Wenceslaus Parish
    "parish school church convent rectory academy": Rule(
        re.compile(
            r"(?:St|Saint|Ss|Sts)\b\.? [A-Z][\w'-]+(?: [A-Z][\w'-]+)? "
            r"(?:Parish|School|Church|Convent|Rectory|Academy)\b"
        ),
        0.9,
    ),
    # Fir Building, 3300 NW Larch Loop
    "building bldg tower pavilion hall annex": Rule(
        re.compile(
            r"[A-Z](?<![\w'-][A-Z])[\w'-]+(?:[ ][A-Z][\w'-]+)?[ ](?:Building|Bldg\.?|Tower|Pavilion|Hall|Annex)"
            r"(?=,[ ]\d{1,6}[ ][A-Z])"
        ),
        0.7,
    ),
}


def facilities(text: str, words: list[Word], ends: list[int]) -> Iterator[Hit]:
    """Yield facilities by the end of their name and by "Saint" before it; hits may overlap.

    `ends` says which of the words are among `FACILITY_WORDS`; others may be among them.
    """
    for i in ends:
        start, _, word = words[i]
        if word in _ENDS:
            hit = _backwards(text, words, i)
            if hit:
                yield hit
        elif word in _SAINTS and (saint := _SAINT.match(text, start)):
            owned = "'s" in saint[0].lower()
            if (owned or _TO_AT.search(text, max(0, start - 9), start)) and not _NO_SAINT.match(text, words[i][1]):
                yield Hit(start, saint.end(), 0.7)
    if "Care" not in text and "Health" not in text and "Med" not in text:
        return
    for end in _CAMEL_END.finditer(text):
        camel = _CAMEL.search(text, max(0, end.start() - 20), end.end())
        if camel and _TO_AT.search(text, max(0, camel.start() - 9), camel.start()):
            yield Hit(*camel.span(), 0.6)


def _backwards(text: str, words: list[Word], i: int) -> Hit | None:
    """Return the facility whose name ends at word `i`, or None."""
    last, end = words[i][2], words[i][1]
    first = i
    while first > 0 and i - first < 6 and (step := _step(text, words, first)):
        first -= step
    name = [word for _, _, word in words[first:i]]
    start = words[first][0]
    if not _is_facility(text, name, last, start, end) or (last == "va" and _ACUITY.match(text, end)):
        return None
    for more in (_MORE, _LETTERS_AFTER, _OF, _ROOM, _IN_STATE):
        if match := more.match(text, end):
            end = match.end()
    if end < len(text) and text[end] == "." and last in {"hosp", "ctr", "med", "assoc", "cntr"}:
        end += 1
    return Hit(start, end, 0.75)


def _step(text: str, words: list[Word], first: int) -> int:
    """Return how many words the name goes on to the left; 0 where it begins."""
    if _goes_on(text, words, first):
        return 1
    before = [word for _, _, word in words[max(0, first - 3) : first]]
    of = 2 if before[-2:] == ["of", "the"] else 1 if before[-1:] == ["of"] else 0  # in capitals
    return of + 1 if of and len(before) > of and before[-of - 1] in _BEFORE_OF else 0


def _goes_on(text: str, words: list[Word], first: int) -> bool:
    """Say whether the name goes on to the left of word `first`."""
    before = words[first - 1]
    gap = text[before[1] : words[first][0]]
    if gap[0] == "." and before[2] not in _ABBREVIATED and before[1] - before[0] > 1:
        return False
    if gap.lower() in _OF_OR_FOR and before[2] not in _BEFORE_OF:
        return False
    return gap.lower() in _JOINERS and before[2] not in _STOPS


def _is_plain(word: str) -> bool:
    return bool(kind_of(word) & ORDINARY) and word not in KNOWN and word not in _LANDSCAPES


def _is_placelike(word: str) -> bool:
    """Say whether a word is a place's name, or begins one, or nobody knows it."""
    return may_name_a_place(word) or word in LONGEST


def _is_of_a_place(text: str, name: list[str], start: int, end: int) -> bool:
    """Say whether a place's or an unknown name stands before a field or a ward, apart from the sentence around it."""
    first = name[0] if name else ""
    if first in _DIRECTIONS and len(name) > 1:
        first = name[1]
    if not first or not _is_placelike(first) or not _STOPPED.match(text, end):
        return False
    before = (max(0, start - 12), start)
    return bool(_CUE_BEFORE.search(text, *before) or _APART.search(text, *before))


def _is_named_for_a_person(name: list[str], last: str) -> bool:
    """Say whether a given name stands before an end that is also a surname: "Paul Hall", not "Bethany Manor"."""
    return len(name) == 1 and last in _ALSO_SURNAMES and name[0].capitalize() in GIVEN


def _is_of_a_town(text: str, name: list[str], start: int, end: int) -> bool:
    """Say whether a name is that of a place: "Dorling Police", not "Called Police" or "DKA EMS"."""
    place = bool(name) and (name[0] in LONGEST or may_name_a_place(name[0]))
    return place and (text[start + 1 : start + 2].islower() or shouted(text, start, end))


def _is_facility(text: str, name: list[str], last: str, start: int, end: int) -> bool:
    """Say whether the words before a facility's end are its name, and neither a field nor an authority."""
    authority = bool(name) and name[0] in _AUTHORITIES and last not in {"hospital", "hospitals", "clinic", "church"}
    if authority or text.startswith(" Liver Cancer", end):  # the Barcelona Clinic's staging
        return False
    specific = _is_specific(text, name, last, start, end)
    if last in _ON_THE_SCENE and _is_of_a_town(text, name, start, end):
        return specific
    if last in _STRONG or (last in _NEEDS_MIDDLE and name and name[-1] in _MIDDLE):
        return specific or (bool(name) and _is_generic_name(text, name, last, start, end))
    behind_a_place = last in _BEHIND_A_PLACE and _is_of_a_place(text, name, start, end)
    if not behind_a_place and last not in {"general", "regional"} and _GOES_ON.match(text, end):
        return False
    after_a_cue = _TO_AT.search(text, max(0, start - 9), start) is not None
    called = specific or (len(name) == 1 and name[0] in _DIRECTIONS and after_a_cue)
    if behind_a_place or (last in _OPEN and called):
        return True
    county = last in {"general", "regional"} and bool(name) and name[-1] in {"county", "city", "community"}
    named = last in _WITH_A_CUE and text[end : end + 1] != ":" and (specific or county)
    if last in _KINDS_OF_HOMES:  # in capitals these are genes
        named = specific and text[start + 1 : start + 2].islower()
    return (
        named
        and not _is_named_for_a_person(name, last)
        and _CUE_BEFORE.search(text, max(0, start - 12), start) is not None
    )


def _is_specific(text: str, name: list[str], last: str, start: int, end: int) -> bool:
    """Say whether a word of the name is more than medicine's, and in a sentence in capitals more than a plain one."""
    shouts = text[start:end].isupper() and text[max(0, start - 40) : start].rstrip(" ")[-1:].isalnum()
    doubtful = shouts and last in _GENERAL
    return any(
        word not in _GENERIC and len(word) > 1 and not word.endswith(_OF_FIELDS) and not (doubtful and _is_plain(word))
        for word in name
    )


def _is_generic_name(text: str, name: list[str], last: str, start: int, end: int) -> bool:
    """Say whether generic words are a name where they stand: "at General Hospital", "the Cancer Center in New York"."""
    hospital = last in {"hospital", "hosp"} or (last in {"center", "ctr"} and "university" in name)
    placed = _TO_AT.search(text, max(0, start - 9), start) or _ROOM.match(text, end)
    return bool(hospital and placed) or _IN_PLACE.match(text, end) is not None
