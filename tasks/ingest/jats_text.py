"""The running text of a JATS article: titles, paragraphs and lists, without what only a page can show.

Left out: references, figures, tables, formulas, footnotes, supplements, acknowledgements, statements about the article
(funding, interests, contributions). A citation in brackets or superscript goes with its brackets, a pointer to a figure
with its parentheses; a citation that is part of a sentence stays, because without it the sentence has a hole. A formula
written in a line stays as its characters; a sentence around any other formula is left out. Powers keep their sign
(`10^6`), because "106" is another number. Elements after JATS 1.3, https://jats.nlm.nih.gov/archiving/tag-library/1.3/.
"""

import html
import itertools
import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from tasks.records import Section

MATH = "{http://www.w3.org/1998/Math/MathML}"
_IN_A_LINE = "math mrow mstyle mi mn mo mtext mspace msub msup semantics"
IN_A_LINE = {f"{MATH}{name}" for name in _IN_A_LINE.split()}
LEFT_OUT = {
    *("fig", "fig-group", "table-wrap", "table-wrap-group", "table", "disp-formula", "disp-formula-group", "fn"),
    *("fn-group", "ref-list", "ref", "ack", "supplementary-material", "media", "graphic", "inline-graphic", "label"),
    *("object-id", "tex-math", "code", "preformat", "sec-meta", "kwd-group", "notes", "index-term", "permissions"),
    *("attrib", "app", "app-group", "bio", "related-article", "related-object", "target", "private-char"),
}
BLOCKS = {"p", "list", "list-item", "disp-quote", "boxed-text", "def-list", "def-item", "def", "term", "verse-group"}
NOT_CONTENT = re.compile(
    r"acknowledge?ments?|references|bibliography|funding|(?:supporting|supplement\w+|additional) (?:\w+ )?"
    r"(?:information|materials?|data|files?)|(?:competing|conflicts? of) interests?.*|(?:declaration|disclosure)s?\b.*"
    r"|authors?['’]? ?contributions?|author(?:s['’])? information|data availability.*|availability of data.*"
    r"|pre-?publication history|(?:list of )?abbreviations(?: used)?|ethics? (?:approval|statement).*"
    r"|consent for publication|supplementa(?:ry|l)|footnotes?|appendix.*",
    re.IGNORECASE,
)
SKIPPED_TYPES = {"supplementary-material", "display-objects", "ref-list", "COI-statement", "data-availability"}
SIDE_ABSTRACTS = {"toc", "graphical", "teaser", "editor", "web-summary", "video", "stereochemical"}

# Marks of a private use area, which no text of an article holds; all are gone at the end.
_CITED, _POINTER, _POINTER_END, _BREAK, _GAP = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
_MARKS = re.compile("[\ue000-\ue004]")
_POINTED = re.compile(f"{_POINTER}([^{_POINTER}{_POINTER_END}]*){_POINTER_END}")
_OUTER_MARK = re.compile(f"([;,])(?![^{_POINTER}{_POINTER_END}]*{_POINTER_END})")
_BRACKETED = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]")
_SEPARATORS = r"(?:\s|[,;–—‐‑-]|\b(?:and|or)\b)*"
_CITED_RUN = re.compile(rf"\s*{_CITED}(?:{_SEPARATORS}{_CITED})*")
_FILLER = re.compile(
    r"\b(?:see|also|and|or|in|of|to|for|the|reviewed|example|cf|e\.?g|i\.?e|refs?|references?|figs?|figures?|tables?"
    r"|panels?|left|right|top|bottom|middle|upper|lower|supplementary|data|not|shown|[A-Za-z]|\d+[A-Za-z]?)\b|[\s,;:.&/–—-]",
    re.IGNORECASE,
)
_WANTS_OBJECT = re.compile(r"\b(?:in|by|see|of|from|to|with|than|refs?\.?|references?)$", re.IGNORECASE)
_UNLINKED = re.compile(r"(?<=[^\W\d_]) \[\d{1,3}\]")  # `[12]` that no xref marks; longer lists may be intervals
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z(\[])")
_NUMBER = re.compile(r"[+−–-]?\d+(?:\.\d+)?")
_BEFORE_STOP = re.compile(r"\s+(?=[,.;:)\]](?:\s|$))")
_REPEATED_STOP = re.compile(r"([,;:])(?:\s*[,;:])+|[,;:]+(?=\.(?:\s|$))")


def body_sections(element: Any, prefix: str = "") -> Iterator[Section]:
    """Yield the sections of a body or an abstract in their order, nested titles joined: `Methods: Participants`."""
    own: list[str] = []
    for child in element:
        if child.tag == "sec":
            if own:
                yield Section(label=prefix, text="\n".join(own))
                own = []
            yield from _section(child, prefix)
        elif child.tag != "title" and (text := text_of(child)):
            own.append(text)
    if own:
        yield Section(label=prefix, text="\n".join(own))


def _section(element: Any, prefix: str) -> Iterator[Section]:
    title = title_of(element)
    if element.get("sec-type") in SKIPPED_TYPES or NOT_CONTENT.fullmatch(title):
        return
    yield from body_sections(element, ": ".join(part for part in (prefix, title) if part))


def title_of(element: Any) -> str:
    """Return the title of a section without its number and closing stop; empty where there is none."""
    title = element.find("title")
    return "" if title is None else re.sub(r"^\d+(?:\.\d+)*[.:]?\s+|[\s.:]+$", "", text_of(title))


def text_of(element: Any) -> str:
    """Return the text of one element, its blocks on lines of their own, empty where nothing of it can be read."""
    if element.tag in LEFT_OUT or not isinstance(element.tag, str):
        return ""
    raw = " ".join("".join(_pieces(element)).split())
    lines = (_clean(line) for line in raw.split(_BREAK))
    return "\n".join(line for line in lines if line)


def _pieces(element: Any) -> Iterator[str]:
    yield _plain(element.text)
    for child in element:
        yield from _inline(child)
        yield _plain(child.tail)


def _plain(text: str | None) -> str:
    return _MARKS.sub("", text) if text else ""


def _inline(child: Any) -> Iterator[str]:
    tag = child.tag
    if tag is etree.Entity:  # &nbsp; and the like, which the DTD that is not fetched would declare
        yield html.unescape(child.text)
    elif not isinstance(tag, str) or tag in LEFT_OUT:
        yield _GAP if tag == "inline-graphic" else ""
    elif tag == "xref":
        yield from _reference(child)
    elif tag == "sup":
        yield _superscript("".join(_pieces(child)))
    elif tag in {"inline-formula", f"{MATH}math"}:
        yield _formula(child)
    elif tag in BLOCKS:
        yield from (_BREAK, *_pieces(child), _BREAK)
    elif tag == "break":
        yield " "
    else:
        yield from _pieces(child)


def _reference(xref: Any) -> Iterator[str]:
    kind, text = xref.get("ref-type"), "".join(_pieces(xref)).replace(_BREAK, " ")
    if kind == "bibr":
        inner = _BRACKETED.sub("", _MARKS.sub("", text)).strip("[]() ,;–-")
        narrative = re.search(r"[^\W\d_]{2}", inner)  # `Smith et al.`, not `12a`
        yield f"{_POINTER}{text}{_POINTER_END}" if narrative else _CITED
    elif kind in {"fn", "table-fn", "aff", "corresp", "author-notes"}:
        yield ""
    else:
        yield f"{_POINTER}{text}{_POINTER_END}"


def _superscript(text: str) -> str:
    """Return a superscript as text; the signs of `_clean` tell a power from a citation."""
    if _CITED in text:
        return _CITED
    return f"^{text}" if _NUMBER.fullmatch(text.strip()) else text


def _formula(element: Any) -> str:
    """Return a formula that is written in one line, without its alternatives; a gap for any other."""
    math = element if element.tag == f"{MATH}math" else element.find(f".//{MATH}math")
    if math is None:
        text = "".join(_pieces(element)).strip()
        return text or _GAP
    if any(part.tag not in IN_A_LINE for part in math.iter() if isinstance(part.tag, str)):
        return _GAP
    text = "".join("".join(_math(math)).split())
    return text or _GAP


def _math(element: Any) -> Iterator[str]:
    yield element.text or ""
    for position, child in enumerate(element):
        if isinstance(child.tag, str):
            yield "^" if position and element.tag == f"{MATH}msup" else ""
            yield from _math(child)
        yield child.tail or ""


def _clean(line: str) -> str:
    """Return a line without its citations and pointers, and without holes where they stood."""
    line = re.sub(r"(?<![\d)])\^(?=[+−–-]?\d)", "", line)  # a power follows a number; `cm2`, `131I` are written plain
    line = _UNLINKED.sub(_CITED, line)
    if _CITED in line or _POINTER in line:
        for _ in range(2):  # brackets within parentheses
            line = _BRACKETED.sub(_without_pointers, line)
        line = _POINTED.sub(r"\1", _CITED_RUN.sub(_hole, line))
        line = _BEFORE_STOP.sub("", _REPEATED_STOP.sub(r"\1", line))
    if _GAP in line:
        line = " ".join(sentence for sentence in _SENTENCE.split(line) if _GAP not in sentence)
    return " ".join(_MARKS.sub("", line).split())


def _without_pointers(match: re.Match[str]) -> str:
    """Return a bracketed text without citations and pointers, or nothing where it holds nothing else."""
    whole, inner = match[0], match[1]
    if _CITED not in inner and _POINTER not in inner:
        return whole
    if not _is_content(inner):
        return _CITED if _CITED in inner else ""
    parts = _OUTER_MARK.split(inner)
    kept = "".join(
        part + mark
        for part, mark in itertools.zip_longest(parts[::2], parts[1::2], fillvalue="")
        if not _MARKS.search(part) or _is_content(part)
    )
    opening = whole.index("(") if whole[-1] == ")" else whole.index("[")
    return f"{whole[: opening + 1]}{kept.strip(' ,;')}{whole[-1]}"


def _hole(match: re.Match[str]) -> str:
    """Return nothing, or a gap where the citation was the object of a word: `as described in [12]`."""
    return _GAP if _WANTS_OBJECT.search(match.string, 0, match.start()) else ""


def _is_content(text: str) -> bool:
    return bool(_FILLER.sub("", _POINTED.sub("", _CITED_RUN.sub("", text))))
