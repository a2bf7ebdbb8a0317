"""Invented words that stand for the words of names and places, and the keyed check by which they are known again.

A surrogate is built of a first letter, two syllables and an ending ("Torlimund", "Kelbassa", "Fendeworth"), and of all
words of that shape one in sixteen, chosen by the key, is a surrogate. Words of that shape hardly exist as names, and
what the project's lists know is never one, so that a real name is taken for a surrogate only if it is in no list and
has both the shape and the luck: one in sixteen of such names survives.

The same word of the same subject always becomes the same word, whichever part of a name it is and whether it stands in
a name or in a place: "Smith", "SMITH, JOHN" and "Smith Family Clinic" agree. First letters go through a permutation of
the subject's, without a letter that stays, so that "J. Smith" and "John Smith" agree, too. It does not know that Bill
is William, and takes a given name that is in no list for a surname.
"""

import functools
import re
from pathlib import Path

import yaml

from tasks.phi.normalisation import Normalised
from tasks.phi.policies.keyed import Keyed
from tasks.phi.recognizers.words import kind_of

_SHARE = 16  # one word of the shape in so many is a surrogate
_FIRST = ("al", "an", "ar", "el", "en", "er", "il", "in", "or", "on", "ul", "ur")
_SECOND = (
    "ba", "be", "bo", "da", "de", "di", "do", "fa", "fe", "ga", "go", "la", "le", "li", "lo", "ma", "me", "mi", "mo",
    "na", "ne", "no", "ra", "re", "ri", "ro", "sa", "se", "so", "ta", "te", "ti", "to", "va", "ve", "vi",
)  # fmt: skip
# Kept clear of the endings of drugs and diseases: a surrogate should not read as either.
_ENDINGS = {
    "female": ("ssa", "lle", "ndra", "wyn", "thea", "lyn", "nna"),
    "male": ("ric", "mund", "ward", "gar", "bert", "win", "dan"),
    "anybody": ("wick", "worth", "stead", "combe", "bridge", "croft", "hurst", "bourne"),
}
_SHAPE = re.compile(
    rf"(?:[aeiou][lnr]|(?:qu|[b-df-hj-np-tv-z])(?:{'|'.join(_FIRST)}))(?:{'|'.join(_SECOND)})"
    rf"(?:{'|'.join(ending for endings in _ENDINGS.values() for ending in endings)})"
)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORDS_KEPT = 65_536


@functools.cache
def _sex_of() -> dict[str, str]:
    lists = yaml.safe_load(Path(__file__).with_name("given_names.yaml").read_text(encoding="utf-8"))
    return {name.lower(): sex for sex, names in lists.items() for name in names.split()}


def folded(word: str) -> str:
    """Return a word as it is compared: small ASCII letters where it can be read as such, no apostrophes."""
    return re.sub(r"['’`]", "", Normalised(word).text).lower()


def like(word: str, model: str) -> str:
    """Return the word in the capitals of the model: all, none, or the first."""
    letters = [c for c in model if c.isalpha()]
    if len(letters) > 1 and all(c.isupper() for c in letters):
        return word.upper()
    return word if letters and letters[0].islower() else word.capitalize()


class SurrogateWords:
    """Makes and knows the words of one key."""

    def __init__(self, keyed: Keyed) -> None:
        self._keyed = keyed
        self._made = functools.lru_cache(_WORDS_KEPT)(self._make)
        self._letters = functools.lru_cache(1024)(self._permute)

    def is_own(self, word: str) -> bool:
        """Say whether the word, in any capitals, is a surrogate of this key."""
        small = word.lower()
        return _SHAPE.fullmatch(small) is not None and self._is_chosen(small)

    def _is_chosen(self, word: str) -> bool:
        return self._keyed.number(_SHARE, "word", word) == 0 and not kind_of(word)

    def instead_of(self, word: str, subject: str) -> str | None:
        """Return the surrogate of a word in its capitals, or None if it is not of Latin letters."""
        plain = folded(word)
        if not plain or not all(c in _LETTERS for c in plain):
            return None
        made = self._letters(subject)[plain] if len(plain) == 1 else self._made(plain, subject)
        return like(made, word)

    def _make(self, plain: str, subject: str) -> str:
        letter = self._letters(subject)[plain[0]]
        endings = _ENDINGS[_sex_of().get(plain, "anybody")]
        drawn = self._keyed.stream("draw", subject, plain)
        while True:
            first = _FIRST[next(drawn) % len(_FIRST)]
            onset = f"{letter}{first[1]}" if letter in "aeiou" else f"{'qu' if letter == 'q' else letter}{first}"
            word = onset + _SECOND[next(drawn) % len(_SECOND)] + endings[next(drawn) % len(endings)]
            if word != plain and self._is_chosen(word):
                return word

    def _permute(self, subject: str) -> dict[str, str]:
        """Return a cycle through all letters, so that none stays what it is."""
        order = sorted(_LETTERS, key=lambda letter: self._keyed.digest("letter", subject, letter))
        return dict(zip(order, [*order[1:], order[0]], strict=True))
