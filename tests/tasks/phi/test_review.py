"""The sample that a reviewer is shown: reproducible, harmless to a terminal and to a page, and what follows from it."""

import re
from html.parser import HTMLParser
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import SourceError
from tasks.phi import review_page
from tasks.phi.review import (
    CONTEXT,
    Item,
    Key,
    Line,
    Sample,
    Verdict,
    document_digest,
    draw,
    read_lines,
    share_of,
    summarise,
    visible,
)
from tasks.records import PhiFinding

KEY = b"a-key-for-tests-alone-of-32-byte"
HOSTILE = '<u onclick=x>"&\x1b]0;owned\x07 \u202eNeb\x9b31mula\u2028</mark><script>alert(1)</script>'


def find(text: str) -> list[PhiFinding]:
    """Find the word Zebulon: a detector that is known by heart."""
    return [
        PhiFinding(category="NAME", start=m.start(), end=m.end(), score=0.9, recognizer="Z")
        for m in re.finditer("Zebulon", text)
    ]


LINES = [
    Line(f"n{n}", f"Note {n}: Zebulon came, and so did the friend Quill{n:02}mere of {n:05}77.") for n in range(60)
]


def drawn(size: int = 5, seed: int = 1, lines: list[Line] = LINES) -> Sample:
    return draw(iter(lines), find, KEY, size=size, seed=seed)


def one(text: str, value: str) -> Item:
    start = text.index(value)
    return Item(text, "n1", document_digest(text, KEY), start, start + len(value), "NAME", 0.9, "Z")


# ── the sample ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_sample_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert drawn() == drawn()
    assert {i.key for i in drawn().findings} != {i.key for i in drawn(seed=2).findings}


def test_the_order_of_the_lines_does_not_matter_to_the_findings() -> None:
    assert drawn().findings == drawn(lines=LINES[::-1]).findings


def test_a_larger_sample_begins_with_the_smaller_one() -> None:
    assert drawn(size=20).findings[:5] == drawn(size=5).findings


def test_a_sample_says_of_how_much_it_is_one() -> None:
    sample = drawn()
    assert (len(sample.findings), len(sample.near_misses)) == (5, 5)
    assert (sample.texts, sample.found) == (60, {"NAME": 60})
    assert sample.passed["number"] == 60


def test_near_misses_of_all_shapes_take_turns() -> None:
    assert {i.shape for i in drawn(size=4).near_misses} == {"number", "code", "pair", "word"} & set(drawn().passed)


def test_one_wording_is_shown_once_and_one_text_too() -> None:
    lines = [Line("a", "he saw Quillmere"), Line("b", "she saw Quillmere"), *[Line("c", "for Zebulon.")] * 3]
    sample = drawn(size=20, lines=lines)
    assert [i.marked for i in sample.near_misses] == ["Quillmere"]
    assert len(sample.findings) == 1


def test_no_text_is_in_a_representation() -> None:
    assert "Zebulon" not in repr(drawn())
    assert "Note" not in repr(drawn())


def test_a_digest_depends_on_the_key_and_stands_any_text() -> None:
    assert document_digest("a", KEY) != document_digest("a", KEY[::-1])
    assert len(document_digest("\ud800", KEY)) == 32


# ── what is shown of an item ─────────────────────────────────────────────────────────────────────────────────────


def test_context_ends_between_words() -> None:
    item = one("word " * 40 + "Zebulon" + " word" * 40, "Zebulon")
    assert item.before.startswith("…word ")
    assert item.after.endswith(" word…")
    assert max(len(item.before), len(item.after)) <= CONTEXT + 1


def test_context_of_one_endless_word_is_cut() -> None:
    item = one("x" * 500 + "Zebulon" + "x" * 500, "Zebulon")
    assert (len(item.before), len(item.after)) == (CONTEXT + 1, CONTEXT + 1)


def test_context_at_the_borders_of_a_text_has_no_dots() -> None:
    item = one("Zebulon", "Zebulon")
    assert (item.before, item.marked, item.after) == ("", "Zebulon", "")


def test_a_huge_finding_is_shown_in_part() -> None:
    text = "photo " + "A" * 50_000 + " end"
    assert len(one(text, "A" * 50_000).marked) < 260


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, ünï 東", "plain, ünï 東"),
        ("\x1b[31m", "␛[31m"),
        ("a\nb\tc\rd\xa0e", "a ↵ b c d e"),
        ("\x9b\x7f\u202e\u200b\u2028\ud800", "������"),
    ],
)
def test_nothing_steers_a_terminal(text: str, expected: str) -> None:
    assert visible(text) == expected


@given(st.text())
def test_all_that_is_shown_is_printable(text: str) -> None:
    assert all(c.isprintable() for c in visible(text))


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_lines_that_cannot_be_read_are_numbered_and_left_out(tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    good = [orjson.dumps({"id": 7, "text": "a"}), orjson.dumps({"text": "b"})]
    bad = [
        b"no json",
        b'{"id": 1}',
        b'{"text": 5}',
        b'["text"]',
        b'{"text": "\xff"}',
        b'{"text": "\\ud800"}',
        b"[" * 9999,
    ]
    file.write_bytes(b"\xef\xbb\xbf" + b"\n".join([good[0], *bad, b"", good[1]]))
    unreadable: list[int] = []
    assert list(read_lines(file, unreadable)) == [Line("7", "a"), Line("line 10", "b")]
    assert unreadable == list(range(2, 9))


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "empty"), (b"Zebulon\n", "none of its 1 lines"), (None, "No such")]
)
def test_a_file_without_texts_is_explained_and_not_quoted(tmp_path: Path, content: bytes | None, told: str) -> None:
    file = tmp_path / "notes.jsonl"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SourceError, match=told) as raised:
        list(read_lines(file, []))
    assert "Zebulon" not in str(raised.value)


# ── the summary ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_wilson_by_hand() -> None:
    # 9 of 10: centre (0.9 + 3.8415/20) / 1.38415 = 0.78899, half 1.96/1.38415 · √(0.009 + 3.8415/400) = 0.19322
    share = share_of(9, 10)
    assert (share.value, share.n) == (0.9, 10)
    assert share.low == pytest.approx(0.59585, abs=5e-5)
    assert share.high == pytest.approx(0.98212, abs=5e-5)
    assert share_of(0, 5).low == 0
    assert share_of(5, 5).high == pytest.approx(1)


def test_a_summary_counts_what_was_judged() -> None:
    sample = drawn(size=4)
    first, second, third, _ = (item.key for item in sample.findings)
    near, other, *_ = (item.key for item in sample.near_misses)
    verdicts: dict[Key, tuple[Verdict, str]] = {
        first: ("confirmed", "NAME"),
        second: ("wrong", "NAME"),
        third: ("confirmed", "GEO"),
        near: ("missed", "MRN"),
        other: ("harmless", ""),
        ("another text", 0, 5): ("wrong", "SSN"),
    }
    summary = summarise(sample, verdicts)
    assert summary.precision is not None
    assert summary.precision.value == pytest.approx(2 / 3)
    assert (summary.findings_shown, summary.findings_judged, summary.wrong) == (4, 3, {"NAME": 1})
    assert (summary.near_misses_shown, summary.near_misses_judged, summary.missed) == (4, 2, {"MRN": 1})


def test_nothing_judged_gives_no_precision() -> None:
    assert summarise(drawn(), {}).precision is None


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Page(HTMLParser):
    """The tags of a page, and the text of its marks."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.marks: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] == "mark" and len(self.marks) < len(self.of("mark")):
            self.marks.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_shows_every_item_and_what_is_known_of_it() -> None:
    sample = drawn(size=3)
    known: dict[Key, tuple[Verdict, str]] = {sample.findings[1].key: ("wrong", "NAME")}
    page = Page(review_page.render(sample, known, file="notes.jsonl", note="a note"))
    assert page.marks == [item.marked for item in sample.items]
    assert [a["data-verdict"] for a in page.of("article")] == ["", "wrong", "", "", "", ""]
    assert page.of("article")[0]["data-document"] == sample.findings[0].document


def test_the_page_runs_and_fetches_nothing_but_itself() -> None:
    text = f"{HOSTILE} Zebulon {HOSTILE}"
    sample = draw([Line(HOSTILE, text)], find, KEY, size=3, seed=1)
    html = review_page.render(sample, {}, file=HOSTILE, note="a note")
    page = Page(html)
    assert [len(page.of(tag)) for tag in ("script", "style", "u", "img", "link", "iframe", "form")] == [1, 1] + [0] * 5
    policy = str(next(a["content"] for a in page.of("meta") if a.get("http-equiv")))
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        inner = re.search(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
        assert inner is not None
        assert review_page._digest(inner[1]) in policy
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name == "src"]
    assert not set(html) & {"\x1b", "\u202e", "\x9b", "\u2028"}
