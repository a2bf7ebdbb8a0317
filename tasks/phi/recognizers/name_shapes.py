"""What a personal name looks like in text, and what only looks like one: an eponym ("Hodgkin lymphoma").

Shapes are for normalised text: accents are folded before, so that letters are A to Z.
"""

import re

from tasks.phi.recognizers.words import EPONYM_HEADS

WORD = r"(?:[A-Z][a-z]*(?:['-][A-Z]?[a-z]+|[A-Z][a-z]+)*(?![A-Za-z0-9]))"  # Smith, O'Neil, McKay, Garcia-Lopez
INITIAL = r"(?:[A-Z]\b\.?)"
PARTICLE = r"(?:(?:van|von|de|del|della|der|den|da|dos|di|la|le|el|al|bin|ibn|ten|ter)\s+)"
# after an initial's full stop one space at most: two begin a sentence
_MORE = rf"(?:(?:(?<=\.)[ \t]|(?<!\.)[ \t]{{1,2}}){PARTICLE}{{0,2}}(?:{INITIAL}(?![A-Za-z])|{WORD}))"
NAME = rf"(?:{INITIAL}[ \t])?{PARTICLE}{{0,2}}{WORD}{_MORE}{{0,3}}"
TITLE = (
    r"(?:Drs?|Mr|Mrs|Ms|Mx|Miss|Mister|Prof|Professor|Doctor|Rev|Reverend|Fr|Sgt|Capt|Lt|Col|Hon|Sir|Dame|Señor"
    r"|Senor|DR|MR|MRS)"
)


def is_eponym(text: str, end: int) -> bool:
    """Say whether a disease, method or thing follows, as in "Hodgkin's lymphoma" or "Marie Tooth"."""
    following = re.match(r"(?:'s|s')?[\s-]+([A-Za-z]+)(?:[\s-]+([a-z]+))?", text[end : end + 50])
    return following is not None and (
        following[1] in EPONYM_HEADS
        or (
            following[2] in EPONYM_HEADS
            and following[1].islower()
            and following[1] not in {"has", "had", "with", "for", "is", "was", "and"}
        )
    )
