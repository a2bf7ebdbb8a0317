"""What stands behind the grammar's upper-case slots, and its words that no list holds.

Numbers of all kinds, made-up genes, abbreviations and terms of art; names, places and dates have modules of their own.
Telephone numbers are fictional (555), addresses of mail lie in example domains. It does not cover checksums: the tagger
sees shapes.
"""

import random
import string
from collections.abc import Callable, Iterable

from tasks.phi.recognizers.words import IS_GIVEN, IS_SURNAME, STATES, kind_of, words_of
from tasks.phi.tagger.dates import date
from tasks.phi.tagger.grammar import Piece
from tasks.phi.tagger.names import given, initial, person, pseudo_surname, surname, syllables
from tasks.phi.tagger.parts import listed, parts, words
from tasks.phi.tagger.places import place, town

_COMMON = sorted(words_of("ordinary_words"))
# what is a name and nothing else would be one in any sentence
_ENGLISH = [word for word in listed("english_words") if not kind_of(word) & (IS_GIVEN | IS_SURNAME)]
_EVERYDAY = words("everyday.txt")
_MEDICAL = [*listed("medical_words"), *words("terms.txt"), *words("terms.txt")]
_BRANDS = sorted(word.capitalize() for word in words_of("brand_names"))
_ABBREVIATIONS = words("abbreviations.txt")
_NOT_SMALLER = parts("countries") + sorted(STATES)
_SYMBOL_ENDINGS: tuple[str, ...] = ("", "", "", *"ABCDLR", "lp", "Lp")
_DERIVED = ("ic", "al", "ous", "ize", "ized", "ally", "ness", "ment", "like", "less", "er")
_TERMS = (
    "ate",
    "ine",
    "ase",
    "ide",
    "ium",
    "ose",
    "tic",
    "oid",
    "ular",
    "itis",
    "osis",
    "gen",
    "amine",
    "one",
    "ation",
)


def _capitals(rng: random.Random, low: int, high: int) -> str:
    return "".join(rng.choice(string.ascii_uppercase) for _ in range(rng.randint(low, high)))


_IDENTIFIERS = parts("identifiers")
_SHAPES = {"mrn": parts("record_numbers"), "plate": parts("plates")}
_PHONES = parts("phones")


def _shaped(rng: random.Random, shape: str) -> str:
    """Fill a shape: # a digit, & a capital, @ some capitals, % some letters, YY a year, A an area code."""
    value = ""
    for mark in shape.replace("YY", str(rng.randint(15, 29))):
        if mark == "#":
            value += rng.choice(string.digits)
        elif mark == "&":
            value += initial(rng)
        elif mark == "@":
            value += _capitals(rng, 1, 4)
        elif mark == "%":
            value += _capitals(rng, 2, 9).lower()
        else:
            value += str(rng.randint(201, 989)) if mark == "A" else mark
    return value


def _identifier(rng: random.Random, form: str) -> str:
    value = _shaped(rng, rng.choice(_SHAPES.get(form, _IDENTIFIERS)))
    return f"#{value}" if rng.random() < 0.06 else value


def _email(rng: random.Random) -> str:
    user = rng.choice((given(rng), f"{given(rng)}.{surname(rng)}", f"{surname(rng)}{rng.randint(1, 99)}"))
    host = f"{rng.choice(('mail', 'clinic', 'home'))}.example.{rng.choice(('org', 'com', 'net'))}"
    return f"{user}@{host}".lower().replace(" ", "")


def _gene(rng: random.Random) -> str:
    letters = _capitals(rng, 2, 4)
    return rng.choice((
        f"{letters}{rng.randint(1, 30)}",
        letters,
        f"{letters}-{rng.randint(1, 12)}",
        f"{letters.capitalize()}{rng.randint(1, 9)}",
        f"p{rng.randint(20, 300)}",
        f"{letters.lower()}{rng.randint(1, 9)}",
        f"{letters}{rng.randint(1, 9)}{rng.choice('ABC')}",
        f"{rng.choice('hmyr')}{letters.capitalize()}{rng.randint(1, 9)}p",
    ))  # fmt: skip


def _symbol(rng: random.Random) -> str:
    """Return a short name of a protein: "Grap", "YezB", "DurLp"."""
    return syllables(rng, 1).capitalize() + rng.choice(_SYMBOL_ENDINGS)


def _abbreviation(rng: random.Random) -> str:
    return rng.choice(_ABBREVIATIONS) if rng.random() < 0.7 else _capitals(rng, 2, 5)


def _word(rng: random.Random) -> str:
    """Return a word of English or of medicine, sometimes with an ending."""
    draw = rng.random()
    if draw < 0.12:
        return rng.choice(_COMMON)
    if draw < 0.37:
        return rng.choice(_EVERYDAY)
    if draw < 0.6:
        return rng.choice(_MEDICAL)
    word = rng.choice(_ENGLISH)
    if draw < 0.82 or len(word) < 4:
        return word
    ending = rng.choice(("s", "s", "ed", "ing", "ly"))
    return (word.rstrip("e") if ending in {"ed", "ing"} else word) + ending


def _cut_word(rng: random.Random) -> str:
    """Return a word as it is abbreviated in a hurry: "dsg", "emerg", "pnt"."""
    word = rng.choice(rng.choice((_MEDICAL, _ENGLISH, _EVERYDAY)))
    if rng.random() < 0.6:
        return word[: rng.randint(2, 5)]
    return (word[0] + "".join(c for c in word[1:] if c not in "aeiou"))[: rng.randint(2, 5)]


def _odd_word(rng: random.Random) -> str:
    """Return a word that no list knows and that is no name: as terms of art are to a tagger."""
    if rng.random() < 0.5:
        return _word(rng) + rng.choice(_DERIVED)
    return syllables(rng, rng.randint(1, 3)) + rng.choice(_TERMS)


MAKERS: dict[str, Callable[[random.Random, str], Iterable[Piece]]] = {
    "NAME": lambda rng, form: [Piece(person(rng, form), "NAME")],
    "GEO": lambda rng, form: [Piece(place(rng, form), "GEO")],
    "DATE": lambda rng, form: [Piece(date(rng, form), "DATE")],
    "ID": lambda rng, form: [Piece(_identifier(rng, form), "OTHER_ID")],
    "PHONE": lambda rng, _: [Piece(_shaped(rng, rng.choice(_PHONES)), "PHONE")],
    "EMAIL": lambda rng, _: [Piece(_email(rng), "EMAIL")],
    "surname_o": lambda rng, _: [Piece(surname(rng))],  # an author or an eponym: no person of the text
    "pseudo_surname": lambda rng, _: [Piece(pseudo_surname(rng))],
    "new_symbol": lambda rng, _: [Piece(_symbol(rng))],
    "brand": lambda rng, _: [Piece(rng.choice(_BRANDS))],
    "country": lambda rng, _: [Piece(rng.choice(_NOT_SMALLER))],
    "word": lambda rng, _: [Piece(_word(rng))],
    "Word": lambda rng, _: [Piece(_word(rng).capitalize())],
    "WORD": lambda rng, _: [Piece(_word(rng).upper())],
    "abbr": lambda rng, _: [Piece(_abbreviation(rng))],
    "odd": lambda rng, _: [Piece(_odd_word(rng))],
    "cut": lambda rng, _: [Piece(_cut_word(rng))],
    "Cut": lambda rng, _: [Piece(_cut_word(rng).capitalize())],
    "town_o": lambda rng, _: [Piece(town(rng))],  # a criterion's name: no place of the text
    "Odd": lambda rng, _: [Piece(_odd_word(rng).capitalize())],
    "new_gene": lambda rng, _: [Piece(_gene(rng))],
}
