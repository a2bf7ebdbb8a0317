"""Splitting by bytes gives what one parser over the file gives, however the stream comes in pieces."""

from collections.abc import Iterable, Iterator
from itertools import pairwise, zip_longest
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tasks.ingest import pubmed_split
from tasks.ingest.pubmed_records import read_citation
from tasks.ingest.pubmed_split import Broken, is_plain, parse_whole, split

QUICK = settings(max_examples=200, deadline=None)
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD" "none.dtd">\n'
RECORDS = [
    b"<PubmedArticle><PMID>1</PMID></PubmedArticle>",
    b"<PubmedArticle>\n<PMID>2</PMID> caf\xc3\xa9 \xd7\x97\xd7\x9d </PubmedArticle >",
    b"<PubmedArticle><!-- </PubmedArticle> <PubmedArticle> --><PMID>3</PMID></PubmedArticle>",
    b"<PubmedArticle><a><![CDATA[</PubmedArticle><PubmedArticle>]]></a><?x </PubmedArticle>?></PubmedArticle>",
    b"<PubmedArticle a='1>2'><!-- a --><!-- \n </PubmedArticle> --></PubmedArticle\n>",
    b"<PubmedArticle/>",
    b"<PubmedBookArticle><PMID>4</PMID></PubmedBookArticle>",
    b"<DeleteCitation>\n<PMID>5</PMID><PMID>6</PMID></DeleteCitation>",
]
BETWEEN = [b"", b"\n", b"<!-- <PubmedArticle>no</PubmedArticle> -->", b"<?pi <PubmedArticle/> ?>", b" \t"]
FAULTS = [
    b"<PubmedArticle></x></PubmedArticle>",
    b"<PubmedArticle><PMID>7</PMID>",
    b"<PubmedArticle><!-- never closed",
    b"junk",
    b"<Unknown/>",
    b"</PubmedArticle>",
    b"<!-- never closed",
    b"\x00",
    b"<![CDATA[</PubmedArticle>",
]
Seen = tuple[int, str, str, bytes]


def canonical(element: Any) -> bytes:
    return b"" if element is None else etree.tostring(element, method="c14n", exclusive=True, with_tail=False)


def seen(pieces: Iterable[pubmed_split.Piece]) -> tuple[list[Seen], int]:
    """Return what each piece is, and the line at which the stream broke, 0 for none."""
    found = []
    try:
        for piece in pieces:
            found.append((piece.line, piece.fault, piece.pmid, canonical(piece.element)))
    except Broken as broken:
        return found, broken.line
    return found, 0


def sets(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    body = st.lists(st.one_of(*parts), max_size=8).map(b"".join)
    return body.map(lambda b: HEAD + b"<PubmedArticleSet>" + b + b"</PubmedArticleSet>\n")


def cut(content: bytes, places: list[int]) -> Iterator[bytes]:
    bounds = sorted({0, len(content), *(place % (len(content) + 1) for place in places)})
    return (content[a:b] for a, b in pairwise(bounds))


@QUICK
@given(sets(st.sampled_from(RECORDS), st.sampled_from(BETWEEN)))
def test_well_formed_files_give_what_one_parser_gives(content: bytes) -> None:
    ours, broken = seen(split([content]))
    assert broken == 0
    whole = seen(parse_whole([content]))[0]
    assert [record for *_, record in ours] == [record for *_, record in whole]
    assert not any(fault for _, fault, *_ in ours)


@QUICK
@given(
    sets(st.sampled_from(RECORDS), st.sampled_from(BETWEEN), st.sampled_from(FAULTS)),
    st.lists(st.integers(0), max_size=30),
    st.integers(0),
)
def test_any_chunking_gives_the_same_records_and_faults(content: bytes, places: list[int], end: int) -> None:
    for stream in (content, content[: end % len(content)]):
        assert seen(split(cut(stream, places))) == seen(split([stream]))
        assert seen(split(stream[i : i + 1] for i in range(len(stream)))) == seen(split([stream]))


@QUICK
@given(sets(st.sampled_from(RECORDS)), st.lists(st.integers(0), max_size=30))
def test_any_chunking_gives_the_same_to_one_parser(content: bytes, places: list[int]) -> None:
    stream = content.decode().replace("UTF-8", "UTF-16").encode("utf-16")
    alone = [record for *_, record in seen(parse_whole([stream]))[0]]
    assert [record for *_, record in seen(parse_whole(cut(stream, places)))[0]] == alone
    assert alone == [record for *_, record in seen(split([content]))[0]]


@QUICK
@given(
    st.lists(st.sampled_from(RECORDS[:5]), min_size=1, max_size=4), st.lists(st.sampled_from(FAULTS[:2]), max_size=3)
)
def test_whole_records_are_found_among_faulty_ones(good: list[bytes], bad: list[bytes]) -> None:
    pairs = list(zip_longest(bad[: len(good)], good, fillvalue=b""))
    content = b"<PubmedArticleSet>" + b"".join(b"\n".join(pair) for pair in pairs) + b"</PubmedArticleSet>"
    alone = [seen(parse_whole([record]))[0][0][3] for record in good]
    found, _ = seen(split([content]))
    assert [record for *_, record in found if record] == alone
    assert [fault for _, fault, *_ in found if fault] == ["malformed"] * min(len(bad), len(good))


AUTHOR_LISTS = [
    (
        b'<Author ValidYN="Y">Whitlock</Author><Author ValidYN="Y" EqualContrib="Y">Tansy</Author>',
        2,
        "as the NLM writes",
    ),
    (b"<Author>Whitlock</Author><Author ValidYN = 'N'>Whitlok</Author>", 1, "in other forms of XML"),
    (b'<Author ValidYN="Y">Whitlock</Author><!-- <Author ValidYN="Y"></Author> -->', 1, "a comment"),
    (b"", 0, "none"),
]


@pytest.mark.parametrize(("authors", "count", "why"), AUTHOR_LISTS)
def test_what_is_cut_out_changes_no_field(authors: bytes, count: int, why: str) -> None:
    record = (
        b"<PubmedArticle><MedlineCitation><PMID>1</PMID><Article><ArticleTitle>T</ArticleTitle>"
        b"<Abstract><AbstractText>a</AbstractText></Abstract><AuthorList CompleteYN='Y'>%b</AuthorList>"
        b"<Language>fre</Language></Article></MedlineCitation><PubmedData><History><PubMedPubDate/></History>"
        b"<ArticleIdList><ArticleId IdType='doi'>10.5555/a</ArticleId></ArticleIdList>"
        b"<ReferenceList><Reference/><ReferenceList><Reference/></ReferenceList></ReferenceList>"
        b"</PubmedData></PubmedArticle>" % authors
    )
    ours, whole = (read_citation(next(read([record])).element) for read in (split, parse_whole))
    assert ours == whole, why
    row = orjson.loads(ours.row)
    assert (row["authors"], row["language"], row["doi"]) == (count, "fre", "10.5555/a"), why


def test_names_of_authors_are_gone_before_a_record_is_parsed() -> None:
    record = b"<PubmedArticle>" + b"<AuthorList>" + AUTHOR_LISTS[0][0] + b"</AuthorList><PMID>1</PMID></PubmedArticle>"
    (piece,) = split([record])
    assert b"Whitlock" not in etree.tostring(piece.element)
    assert piece.element.findtext("PMID") == "1"


def test_lines_are_counted_through_chunks() -> None:
    content = b"<PubmedArticleSet>\n\n<PubmedArticle>\n</PubmedArticle>\n<PubmedArticle></x></PubmedArticle>\n"
    assert [(line, fault) for line, fault, *_ in seen(split([content]))[0]] == [(3, ""), (5, "malformed")]
    assert seen(split([content]))[1] == 6  # and the set was never closed


HOSTILE = [
    (b"<PubmedArticle>" * 200_000, 200_000, 0, "never closed"),
    (b"<PubmedArticle>" * 200_000 + b"</PubmedArticle>", 199_999, 1, "closed once"),
    (b"<PubmedArticle><DeleteCitation>" * 100_000, 200_000, 0, "two kinds"),
    (b"<PubmedArticle><!--" * 100_000, 100_000, 0, "comments that never end"),
    (b"<!--" * 300_000, 1, 0, "the same between records"),
    (b"<PubmedArticleSet>" + b"junk " * 500_000, 1, 0, "no record at all"),
]


@pytest.mark.parametrize(("content", "faults", "records", "why"), HOSTILE, ids=[why for *_, why in HOSTILE])
def test_a_hostile_stream_is_not_searched_again_for_each_of_its_faults(
    monkeypatch: pytest.MonkeyPatch, content: bytes, faults: int, records: int, why: str
) -> None:
    searches = []
    look = pubmed_split._Window.true_length
    monkeypatch.setattr(pubmed_split._Window, "true_length", lambda *given: searches.append(1) or look(*given))
    found, _ = seen(split(content[i : i + 65_536] for i in range(0, len(content), 65_536)))
    assert [bool(record) for *_, record in found] == [False] * faults + [True] * records, why
    assert len(searches) <= 2


def test_a_record_beyond_the_limit_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubmed_split, "MAX_RECORD_BYTES", 1_000)
    long = b"<PubmedArticle><PMID>7</PMID>" + b"x" * 2_000 + b"</PubmedArticle>"
    content = b"<PubmedArticleSet>" + RECORDS[0] + long + RECORDS[1] + b"</PubmedArticleSet>"
    for chunks in ([content], (content[i : i + 7] for i in range(0, len(content), 7))):
        found, broken = seen(split(chunks))
        assert [(fault, pmid) for _, fault, pmid, _ in found] == [("", ""), ("too large", "7"), ("", "")]
        assert broken == 0


HEADS = [
    (b"<PubmedArticleSet>", True, "no declaration is UTF-8"),
    (b"\xef\xbb\xbf" + HEAD + b"<PubmedArticleSet>", True, "as the NLM writes it, with a byte order mark"),
    (b"<?xml version='1.0' encoding='utf-8'?><PubmedArticle a='1'>", True, "a citation by itself"),
    (b"<!-- <!DOCTYPE x [ --><PubmedBookArticleSet>", True, "a comment is no DTD"),
    (b'<?xml version="1.0" encoding="ISO-8859-1"?><PubmedArticleSet>', False, "another encoding"),
    ("<PubmedArticleSet>".encode("utf-16"), False, "two bytes a letter"),
    (b'<!DOCTYPE PubmedArticleSet [<!ENTITY a "b">]><PubmedArticleSet>', False, "entities of its own"),
    (b"<PubmedArticleSets>", False, "another root"),
    (b"<eFetchResult><PubmedArticleSet>", False, "another root"),
    (b" \n" * 50_000 + b"<PubmedArticleSet>", True, "much white space"),
    (b" \n" * 50_000 + b"<!-- a -->" * 1_000, False, "much white space and nothing else"),
]


@pytest.mark.parametrize(("start", "plain", "why"), HEADS)
def test_only_plain_files_are_split_by_bytes(start: bytes, plain: bool, why: str) -> None:
    assert is_plain(start) is plain, why
