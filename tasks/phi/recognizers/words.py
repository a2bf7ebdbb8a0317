"""The word lists of `lists.yaml` and `lists/`, read once, as the sets that name and place recognizers ask.

Lists hold what is common; what they miss has to be found by its surroundings. `kind_of` says all that the lists know of
one word as a name. It does not know medical terms beyond their endings.
"""

import re
from pathlib import Path

import yaml

_FOLDER = Path(__file__).parent
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C ten times as quick, where it is built in
_LISTS: dict[str, str] = yaml.load((_FOLDER.parent / "lists.yaml").read_text(encoding="utf-8"), _LOADER)  # noqa: S506


def words_of(name: str) -> frozenset[str]:
    """Return the words of one list of `lists.yaml`."""
    return frozenset(_LISTS[name].split())


def _phrases(name: str) -> frozenset[str]:
    return frozenset(
        phrase.strip() for line in _LISTS[name].splitlines() for phrase in line.split("|") if phrase.strip()
    )


def _file(name: str) -> frozenset[str]:
    text = (_FOLDER / "lists" / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def _lower(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


GIVEN_WITH_A_CUE = words_of("given_names_with_a_cue")
GIVEN = words_of("given_names") | GIVEN_WITH_A_CUE
CITIES = _phrases("cities")
HEALTH_SYSTEMS = _phrases("health_systems")
STATES = _phrases("states")
NOT_A_NAME = words_of("not_a_name")
EPONYM_HEADS = words_of("eponym_heads")
FIELDS_OF_MEDICINE = words_of("fields_of_medicine")
NOT_A_PLACE = words_of("not_a_place")

# what is known of a word as a name; a word may be several
IS_GIVEN = 1  # a given name and nothing else
MAY_BE_GIVEN = 2  # a given name and another word, place, eponym
IS_SURNAME = 4
MAY_BE_SURNAME = 8
NO_NAME = 16  # stands capitalised in clinical text and is no name
ORDINARY = 32  # an English word
TERM = 64  # an eponym, a maker, a medicine, a place
CREDENTIAL = 128  # RN, MD: stands behind a name
RARE = 256  # a rare or technical word, which a cue may still make a name
NAMED = IS_GIVEN | MAY_BE_GIVEN | IS_SURNAME | MAY_BE_SURNAME

_COMMON_GIVEN = _lower(words_of("given_names") - GIVEN_WITH_A_CUE)
_COMMON_SURNAMES = _lower(words_of("surnames"))
_GIVEN = _file("given_names") | _lower(GIVEN)
_SURNAMES = _file("surnames") | _COMMON_SURNAMES
_ENGLISH = _file("english_words") | words_of("ordinary_words")
_ORDINARY = words_of("ordinary_words")
_RARE = _file("rare_words") | _file("medical_words")
_EPONYMS = _lower(words_of("eponyms")) | _file("eponyms")
_TERMS = _EPONYMS | _lower(words_of("brand_names") | words_of("place_words") | CITIES | STATES)
_NO_NAMES = _lower(NOT_A_NAME | NOT_A_PLACE | FIELDS_OF_MEDICINE) | words_of("facility_words")
_CREDENTIALS = _lower(words_of("credentials"))
_LISTED = _GIVEN | _SURNAMES | _NO_NAMES | _TERMS | _CREDENTIALS
_MEDICAL = re.compile(
    r"\w{2,}(?:itis|osis|oses|ectomy|otomy|ostomy|a?emia|uria|pathy|plasty|scopy|scopic|graphy|gram|logy|logist|logic|oma"
    r"|algia|penia|megaly|trophy|plegia|paresis|mab|nib|cillin|cycline|mycin|micin|floxacin|azole|vir|statin|sartan|pril"
    r"|olol|dipine|gliptin|gliflozin|tide|parin|xaban|tidine|setron|triptan|caine|barbital|azepam|zolam|oxetine|ipramine"
    r"|triptyline|piprazole|lukast|terol|sone|solone|onide|amide|thiazide|semide|formin|glitazone|profen|coxib|fenac|ase"
    r"|ine|ide|ate|ium|coccus|bacter|virus|phage|cyte|kine|globin|genic|gen|emic|otic|itic|oid|ous|ical|tion|xin|oxin"
    r"|amycin|cept|zumab|platin|taxel|rubicin|phylline|phrine|dronate|vudine|mide|zine|pine|pam|lol|done|codone|morphone)"
)
_PREFIX = re.compile(
    r"(?:un|non|re|over|out|pre|sub|inter|anti|under|super|semi|mis|dis|counter|post|micro|hyper|hypo|intra|extra|trans"
    r"|poly|multi|pseudo|electro|neuro|photo|radio)(?=[a-z]{4})"
)
_INFLECTIONS = (
    ("ies", "y"), ("ied", "y"), ("ily", "y"), ("iness", "y"), ("es", ""), ("s", ""), ("ed", ""), ("ed", "e"),
    ("ing", ""), ("ing", "e"), ("ly", ""), ("ness", ""), ("ers", ""), ("ers", "e"), ("er", ""), ("er", "e"),
    ("est", ""), ("est", "e"),
)  # fmt: skip


def is_english(word: str) -> bool:
    """Say whether a word in lower case is ordinary English, also inflected."""
    if word in _ENGLISH:
        return True
    for ending, base in _INFLECTIONS:
        if word.endswith(ending) and len(word) - len(ending) > 2 and word[: -len(ending)] + base in _ENGLISH:
            return True
    return False


def is_rare(word: str) -> bool:
    """Say whether a word in lower case is a rare or a technical one, also inflected or with a prefix."""
    if word in _RARE:
        return True
    for ending, base in _INFLECTIONS:
        if word.endswith(ending) and len(word) - len(ending) > 2 and word[: -len(ending)] + base in _RARE:
            return True
    prefix = _PREFIX.match(word)
    return prefix is not None and (is_english(word[prefix.end() :]) or word[prefix.end() :] in _RARE)


def is_medical(word: str) -> bool:
    """Say whether a word in lower case ends as medicines, diseases and procedures do."""
    return _MEDICAL.fullmatch(word) is not None


def kind_of(word: str) -> int:
    """Return what is known of a word, given in lower case, as a set of the flags above."""
    kind = _KINDS.get(word)
    if kind is None:
        kind = _of_parts(word) if "-" in word or "'" in word else _kind(word)
        if len(_KINDS) < _REMEMBERED:
            _KINDS[word] = kind
    return kind


def _kind(word: str) -> int:
    if word not in _LISTED:
        return ORDINARY if is_english(word) else RARE * is_rare(word)
    common = word in _COMMON_GIVEN or word in _COMMON_SURNAMES
    english = is_english(word)
    other = english or word in _TERMS or word in _NO_NAMES or len(word) < 4 or is_medical(word)
    kind = ORDINARY * english | TERM * (word in _TERMS) | CREDENTIAL * (word in _CREDENTIALS) | RARE * is_rare(word)
    known = common or word in _GIVEN_WITH_A_CUE or (word in _EPONYMS and word in _SURNAMES)
    if word in _NO_NAMES and not known:
        return kind | NO_NAME
    if word in _COMMON_GIVEN:
        kind |= IS_GIVEN
    elif word in _GIVEN:
        kind |= MAY_BE_GIVEN if other else IS_GIVEN
    if word in _SURNAMES:
        kind |= MAY_BE_SURNAME if other else IS_SURNAME
    return kind


def _of_parts(word: str) -> int:  # noqa: PLR0911  # a list of cases, each with its answer
    """Return the kind of a compound: a name if a part is listed and none is an ordinary word or a term."""
    if word in _CREDENTIALS:  # PA-C
        return CREDENTIAL
    parts = word.replace("'", "-").split("-")
    if len(parts[0]) == 1 and word[1] == "-":  # X-ray
        return TERM
    kinds = [kind_of(part) for part in parts if len(part) > 1]
    if len(word) > 1 and word[1] == "'":  # O'Neil, D'Angelo
        return kind_of(word.replace("'", "")) & NAMED or IS_SURNAME
    if not kinds or any(kind & (TERM | NO_NAME) for kind in kinds):
        if not all(kind & NAMED and not kind & NO_NAME for kind in kinds):
            return TERM
        given = all(kind & (IS_GIVEN | MAY_BE_GIVEN) for kind in kinds) and any(kind & IS_GIVEN for kind in kinds)
        return MAY_BE_GIVEN if given else TERM | MAY_BE_SURNAME  # Tran-Bell, and Bence-Jones
    if any(kind & ORDINARY and not kind & NAMED for kind in kinds):
        return ORDINARY
    joined = 0
    for kind in kinds:
        joined |= kind & NAMED
    return IS_SURNAME if joined & (IS_GIVEN | IS_SURNAME) else joined


def given_names_among(words: set[str], *, common: bool) -> list[str]:
    """Return the words in lower case that are given names and nothing else; with `common` the common ones alone."""
    return [
        word
        for word in (_COMMON_GIVEN if common else _GIVEN).intersection(words)
        if len(word) > 3 and kind_of(word) & (IS_GIVEN | ORDINARY | RARE | TERM) == IS_GIVEN
    ]


def is_word_in_lower_case(word: str) -> bool:
    """Say whether a name, written in lower case, would be read as a word."""
    kind = kind_of(word)
    common = word in _COMMON_SURNAMES or word in _COMMON_GIVEN
    return word in _ORDINARY or (kind & (ORDINARY | TERM) > 0 and not common)


_REMEMBERED = 200_000  # words; a guard against a text of endless invented ones
_GIVEN_WITH_A_CUE = _lower(GIVEN_WITH_A_CUE)
_KINDS: dict[str, int] = {}
