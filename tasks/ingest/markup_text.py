"""Read HTML, and the xhtml narratives of FHIR, as lines: a block element a line, a table row a line, headings marked.

Parsed with lxml's forgiving HTML parser, which knows HTML's named characters and no declared entity.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from lxml import etree, html

from tasks.ingest.document_lines import Line, UnreadableDocument, single_spaced

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "caption"})
BLOCK_TAGS = (
    "address article body blockquote dd div dl dt footer header hr html li main ol p pre section table tbody tfoot"
    " thead tr ul"
)
BLOCKS = HEADINGS | frozenset(BLOCK_TAGS.split())
BOLD = frozenset({"b", "strong"})
UNSEEN = frozenset({"head", "script", "style", "template", "title"})
CELLS = frozenset({"td", "th"})
CELL_BORDER = " | "
BREAK = None, False


def html_lines(markup: str) -> Sequence[Line]:
    """Return the lines of a page or fragment, without white lines.

    Raises:
        UnreadableDocument: nothing that a parser can make sense of.
    """
    try:
        root = html.document_fromstring(markup.encode(), parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, etree.XMLSyntaxError):
        raise UnreadableDocument("no text") from None
    lines: list[Line] = []
    words: list[tuple[str, bool]] = []
    for text, marked in (*_pieces(root), BREAK):
        if text is None:
            lines += _line(words)
            words = []
        else:
            words.append((text, marked))
    return lines


def _pieces(root: Any) -> Iterator[tuple[str | None, bool]]:
    """Yield texts in order, with whether they are set as a heading; `BREAK` stands between lines.

    Walks without recursion: a page may nest thousands of elements.
    """
    hidden = marked = pre = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if not isinstance(element.tag, str):  # comments
            if event == "end" and element.tail and not hidden:
                yield element.tail, marked > 0
            continue
        step = 1 if event == "start" else -1
        tag = element.tag.rpartition("}")[2].lower()  # QName refuses what the parser lets pass
        if event == "end" and tag in CELLS and not hidden:
            yield CELL_BORDER, False
        hidden += step * (tag in UNSEEN)
        marked += step * (tag in HEADINGS or tag in BOLD)
        pre += step * (tag == "pre")
        if hidden == 0 and (tag in BLOCKS or (tag == "br" and event == "start")):
            yield BREAK
        text = element.text if event == "start" else element.tail
        if text and not hidden:
            yield from _split(text, marked > 0, keep_lines=pre > 0)


def _split(text: str, marked: bool, *, keep_lines: bool) -> Iterator[tuple[str | None, bool]]:
    for number, line in enumerate(text.splitlines() if keep_lines else [text]):
        if number:
            yield BREAK
        yield line, marked


def _line(words: Sequence[tuple[str, bool]]) -> list[Line]:
    """Return the line that pieces make, none for white space; its marked start is its heading."""
    text = _joined(words)
    start = []
    for word, marked in words:
        if word.strip() and not marked:
            break
        start.append((word, marked))
    heading = _joined(start)
    return [Line(text, heading if text.startswith(heading) else "")] if text else []


def _joined(words: Sequence[tuple[str, bool]]) -> str:
    text = single_spaced("".join(word for word, _ in words))
    return text.removesuffix(CELL_BORDER.strip()).strip()
