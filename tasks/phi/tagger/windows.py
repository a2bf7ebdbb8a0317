"""Long texts in pieces that a model reads one at a time, each with surroundings, so that memory stays flat.

It does not know sentences: a piece ends behind white space, or anywhere where there is none.
"""

from collections.abc import Iterator

_WINDOW = 4000  # characters to report on at once
_MARGIN = 200  # characters of surroundings on either side; the tagger sees four tokens


def windows(text: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield (start, end, before, after): a stretch to report on, and with its surroundings the stretch to read.

    Stretches end behind white space where there is some.
    """
    start = 0
    while start < len(text):
        end = start + _WINDOW
        end = len(text) if end >= len(text) else _behind_space(text, end - _MARGIN, end)
        before = 0 if start <= _MARGIN else _behind_space(text, start - _MARGIN, start - _MARGIN // 2)
        after = min(len(text), end + _MARGIN)
        yield start, end, before, after if after == len(text) else _behind_space(text, end, after)
        start = end


def _behind_space(text: str, low: int, high: int) -> int:
    """Return the last place behind white space in that stretch, or its end."""
    for at in range(high, low, -1):
        if text[at - 1].isspace():
            return at
    return high
