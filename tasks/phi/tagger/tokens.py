"""How the tagger cuts a text into tokens: words, numbers with what stands inside them, marks, and breaks.

spaCy's own tokenizer takes quadratic time on hostile repetition (30 s for 100 kB of brackets), this one is a single
pattern. A date or a quantity such as 3/4/2023 or 120/80 is one token, so that its shape is seen at once; line breaks
and gaps of a table are tokens too. It does not restore the text: offsets are kept beside the tokens.
"""

import re

_TOKEN = re.compile(
    r"(?:\d+(?:[/.,:-]\d+)*(?![^\W_]))"
    r"|[^\W_]+(?:['’](?![sS](?![^\W_]))[^\W_]+)*"
    r"|(?:\n\s*|[ \t\r\f\v]{2,})"
    r"|_+|[^\w\s]"
)
_UNPAIRED = re.compile(r"[\ud800-\udfff]")


def cut(text: str) -> list[tuple[int, int]]:
    """Return the tokens' places, in order; single blanks belong to none."""
    return [match.span() for match in _TOKEN.finditer(text)]


def words(text: str, places: list[tuple[int, int]]) -> list[str]:
    """Return the tokens as the network reads them; every gap looks like another of its kind."""
    readable = _UNPAIRED.sub("\ufffd", text)  # spaCy hashes UTF-8, which a lone surrogate has not
    read = [readable[start:end] for start, end in places]
    return [("\n" if "\n" in word else "  ") if word.isspace() else word for word in read]
