"""Text as the recognizers read it: plain letters, digits and dashes, each with its way back into the original.

Full-width and other digits, compatibility forms, accents, look-alike Cyrillic and Greek capitals, odd spaces, dashes
and quotes become their ASCII counterparts; zero-width characters and soft hyphens vanish. It does not cover scripts
without a Latin counterpart, leetspeak, or words split by ordinary spaces.
"""

import bisect
import functools
import re
import unicodedata

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_DASHES = dict.fromkeys("‐‑‒–—―−﹘﹣", "-")
_QUOTES = dict.fromkeys("‘’‛′ʼ", "'") | dict.fromkeys("“”„″", '"')
_LOOKALIKES = dict(
    zip(
        "АВЕЅКМНОРСТУХЈІаеѕкмноорсухіјһԁΑΒΕΖΗΙΚΜΝΟΡΤΥΧο",  # Cyrillic, then Greek capitals and omicron
        "ABESKMHOPCTYXJIaeskmhoopcyxijhdABEZHIKMNOPTYXo",
        strict=True,
    )
) | dict(zip("øØłŁđĐħıŧæÆœŒðÐþÞß", "oOlLdDhitaAoOdDpPs", strict=True))  # letters that NFKD leaves whole


@functools.cache
def _plain(character: str) -> str:
    """Return the ASCII reading of one character, empty for what has no width, or the character itself."""
    known = _DASHES.get(character) or _QUOTES.get(character) or _LOOKALIKES.get(character)
    if known:
        return known
    if unicodedata.category(character) in {"Cf", "Mn", "Me"}:
        return ""
    if (digit := unicodedata.digit(character, None)) is not None and character.isdecimal():
        return str(digit)
    if character.isspace():
        return " "
    folded = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    # a form that grows (½ → 1⁄2) would invent digits beside its neighbours
    return folded if len(folded) == 1 else character


class Normalised:
    """A text in its plain reading; `original(start, end)` gives half-open offsets into what was passed in."""

    def __init__(self, text: str) -> None:
        self._size = len(text)
        self._plain_at: list[int] = [0]
        self._original_at: list[int] = [0]
        self.text = text if text.isascii() else self._read(text)

    def _read(self, text: str) -> str:
        parts: list[str] = []
        length = done = 0
        for match in _NOT_ASCII.finditer(text):
            at = match.start()
            reading = _plain(match.group())
            parts += (text[done:at], reading)
            length += at - done + len(reading)
            done = at + 1
            if not reading:
                self._plain_at.append(length)
                self._original_at.append(done)
        parts.append(text[done:])
        return "".join(parts)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return where the plain reading's characters lie in the original, with dropped characters inside."""
        if len(self._plain_at) == 1:
            return start, end
        first, last = self._at(start), self._at(end - 1)
        after = self._at(end) if end < len(self.text) else self._size
        return first, max(last + 1, after if after - last > 1 else last + 1)

    def _at(self, position: int) -> int:
        segment = bisect.bisect_right(self._plain_at, position) - 1
        return self._original_at[segment] + position - self._plain_at[segment]
