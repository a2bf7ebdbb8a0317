"""Parse one PubMed record from its bytes.

Authors' names, the history of a submission and references, of which nothing is read, are cut out before anything parses
them: names are then in no memory but the file's, and modern records are half as long. No DTD is fetched, and no entity
that a file declares is expanded.
"""

from typing import Any

from lxml import etree

SETTING = (  # for a record that needs what the head of its file declares: entities like &nbsp;, prefixes of formulas
    b'<!DOCTYPE set SYSTEM ""><set xmlns:mml="http://www.w3.org/1998/Math/MathML"'
    b' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">%b</set>'
)
CUTS = (  # in the DTD's order; a list within a list leaves a faulty rest, and the record is parsed whole
    (b"<AuthorList", b"</AuthorList>"),
    (b"<History>", b"</History>"),
    (b"<ReferenceList", b"</ReferenceList>"),
)


def parse_record(record: bytes, parser: etree.XMLParser) -> Any:
    """Return the element that the bytes are, or None; `parser` is an XMLParser made with SAFE_PLAIN_XML."""
    try:
        return etree.fromstring(_shortened(record), parser)
    except etree.XMLSyntaxError:
        pass  # a fault, an entity or prefix that the file declares, a cut that left one
    try:
        (element,) = etree.fromstring(SETTING % record, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return element


def _shortened(record: bytes) -> bytes:
    """Return the record without history and references, and with an empty element for each author."""
    if (b"!" in record and b"<!" in record) or (b"?" in record and b"<?" in record):
        return record  # in a comment or in CDATA the same bytes are no tags
    parts, at = [], 0
    for opening, closing in CUTS:
        start = record.find(opening, at)
        end = record.find(closing, start) if start >= 0 else -1
        if end < 0:
            continue
        parts.append(record[at:start])
        at = end + len(closing)
        if opening == b"<AuthorList":
            parts.append(_nameless(record[start:at]))
    parts.append(record[at:])
    return b"".join(parts)


def _nameless(authors: bytes) -> bytes:
    """Return the list without names; as it is where a name is marked as not valid or in another form."""
    count = authors.count(b"</Author>")
    if count != authors.count(b'<Author ValidYN="Y"'):
        return authors
    return b"<AuthorList>%b</AuthorList>" % (b"<Author/>" * count)
