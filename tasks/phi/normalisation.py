"""Text as the recognizers read it: plain letters, digits and dashes, each with its way back into the original.

Compatibility forms (full-width, mathematical, ligatures, units in one character), digits of other scripts, accents,
look-alike Cyrillic, Greek and Armenian letters, odd spaces, dashes and quotes become their ASCII counterparts;
zero-width characters, soft hyphens and fillers vanish. The forms are those of Unicode's NFKD, the look-alikes a
selection of Unicode Technical Standard 39. It does not cover scripts without a Latin counterpart, fractions ("½" would
invent digits beside its neighbours), leetspeak, or words split by ordinary spaces.
"""

import bisect
import functools
import re
import unicodedata

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_DASHES = dict.fromkeys("‐‑‒–—―−﹘﹣⁃˗➖", "-")
_QUOTES = dict.fromkeys("‘’‛′ʼˈ‵＇", "'") | dict.fromkeys("“”„‟″‶", '"')
_POINTS = dict.fromkeys("․‧∙⸳", ".") | {"：": ":", "∶": ":", "ː": ":", "⁄": "/", "∕": "/", "⧸": "/"}
_LOOKALIKES = dict(
    zip(
        # Cyrillic, Greek and Armenian. Greek letters that are symbols in medicine (β, γ, δ, μ …) stay.
        "АВЕЅКМНОРСТУХЈІаеѕкмноорсухіјһԁԛԝѵӏгΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαικνρτυχօսոհ",
        "ABESKMHOPCTYXJIaeskmhoopcyxijhdqwvlrABEZHIKMNOPTYXoaikvptuxounh",
        strict=True,
    )
) | dict(zip("øØłŁđĐħıŧæÆœŒðÐþÞßɑɡȷ", "oOlLdDhitaAoOdDpPsagj", strict=True))  # letters that NFKD leaves whole
_KNOWN = _DASHES | _QUOTES | _POINTS | _LOOKALIKES | dict.fromkeys("ㅤᅟᅠﾠ", "") | {"⠀": " "}  # fillers


@functools.cache
def _plain(character: str) -> str:
    """Return the plain reading of one character, empty for what has no width, or the character itself."""
    if (known := _KNOWN.get(character)) is not None:
        return known
    if unicodedata.category(character) in {"Cf", "Mn", "Me"}:
        return ""
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    if character.isspace():
        return " "
    folded = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
    if len(folded) == 1:
        return _KNOWN.get(folded, folded)
    # letters may grow (ﬁ, ㎎), digits may not: ½ is no 12
    return folded if folded.isascii() and folded.isalpha() else character


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
            if len(reading) != 1:
                # of a reading that grew, every character leads back to the one that it came from
                for extra in range(len(reading) - 1, 0, -1):
                    self._plain_at.append(length - extra)
                    self._original_at.append(at)
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
