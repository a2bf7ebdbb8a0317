"""What the lists say of a word, as one class that the tagger reads beside the word's own letters.

An unlisted word is told from a known one at sight, whatever was seen in training: "Quorven" is in no list of words,
"Drainage" is. The classes are the flags of `recognizers/words.py`, with what is a place, a term or
looks like medicine. The tagger is trained with some classes left out, so that surroundings decide where lists are
silent or wrong. It does not know phrases.
"""

import random

from tasks.phi.recognizers.words import is_medical, kind_of, words_of
from tasks.phi.tagger.parts import listed, parts, words

UNKNOWN = "?"
_LEFT_OUT = 0.06  # share of classes that training hides
PLACES = frozenset(place.lower() for place in (*listed("places"), *listed("places_with_a_cue")) if " " not in place)
_TERMS = frozenset(w.lower() for w in (*words("terms.txt"), *words("abbreviations.txt"), *words("medicine.yaml")))
_KINDS_OF_PLACE = frozenset(
    word.strip(".,").lower()
    for block in ("streets", "facilities", "units", "schools", "places", "pharmacies", "town_words", "town_heads")
    for phrase in parts(block)
    for word in phrase.split()
) | frozenset(word.lower() for word in words_of("facility_words"))


def lexical_class(word: str) -> str:
    """Return the class of a word as the lists know it; "" for what holds no letter."""
    if not any(map(str.isalpha, word)):
        return ""
    word = word.lower().replace("’", "'")
    marks = "P" * (word in PLACES) + "T" * (word in _TERMS) + "K" * (word in _KINDS_OF_PLACE)
    return f"{kind_of(word):x}{marks}{'M' * is_medical(word)}"


def some_hidden(classes: list[str], rng: random.Random) -> list[str]:
    """Return the classes, some of them hidden, for training."""
    return [UNKNOWN if name and rng.random() < _LEFT_OUT else name for name in classes]
