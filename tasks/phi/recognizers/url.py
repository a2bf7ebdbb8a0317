"""Web addresses (45 CFR 164.514(b)(2)(i)(N)): with a scheme, with www, or a bare host with a common ending.

It does not cover hosts of other endings without scheme or www. A DOI is a citation and stays, also as a doi.org
address.
"""

import re
from collections.abc import Iterable

from tasks.phi.recognizers.rules import Hit, RuleRecognizer

_REST = r"[^\s<>\"'\])}]{0,2000}"
_SCHEME = re.compile(rf"://(?=[^\s/]){_REST}")
_WWW = re.compile(rf"www\.(?<![\w@/.]www\.)[a-z0-9-]{{1,63}}\.{_REST}", re.IGNORECASE)
# Begins with a literal, so the search jumps from dot to dot; the host before it is read backwards.
_ENDING = re.compile(
    r"\.(?:com|org|net|edu|gov|mil|info|health|care|clinic|hospital|med|doctor|io|co|us|uk|de|fr|ca|au|eu|example|test"
    rf"|invalid)(?:(?::\d{{2,5}})?(?:[/?#]{_REST})?(?![\w@-]))",
    re.IGNORECASE,
)
_HOST = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-"
_SCHEMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+"
_DOI = re.compile(r"(?:https?://)?(?:dx\.|www\.)?doi\.org/10\.", re.IGNORECASE)


class UrlRecognizer(RuleRecognizer):
    """Web addresses."""

    category = "URL"

    def find(self, text: str) -> Iterable[Hit]:
        """Yield addresses with a scheme, with www, and bare hosts; a full stop behind one is not part of it."""
        if "." not in text and "://" not in text:
            return
        if "://" in text:
            for match in _SCHEME.finditer(text):
                before = text[max(0, match.start() - 12) : match.start()]
                start = match.start() - (len(before) - len(before.rstrip(_SCHEMES)))
                yield from _unless_doi(text, start, match.end())
        if "ww." in text or "WW." in text:
            for match in _WWW.finditer(text):
                yield from _unless_doi(text, match.start(), match.end())
        for match in _ENDING.finditer(text):
            before = text[max(0, match.start() - 253) : match.start()]
            host = before[len(before.rstrip(_HOST)) :].lstrip(".-")
            start = match.start() - len(host)
            preceded = text[start - 1 : start]
            # two letters in the last label: "3.5.co" is no host
            if re.search(r"[A-Za-z]{2}[^.]*$", host) and not (preceded and (preceded.isalnum() or preceded in "@/_")):
                yield from _unless_doi(text, start, match.end(), 0.7)


def _unless_doi(text: str, start: int, end: int, score: float = 0.95) -> Iterable[Hit]:
    while end > start and text[end - 1] in ".,;:!?":
        end -= 1
    if not _DOI.match(text, start):
        yield Hit(start, end, score)
