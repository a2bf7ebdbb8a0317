"""Verdicts as cases, against a real PostgreSQL."""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from pydantic import ValidationError

from infra import database, embedded_postgres
from infra.settings import get_settings
from tasks.errors import PrivacyError, SourceError
from tasks.phi import verdicts
from tasks.phi.review import Line, Verdict, document_digest
from tasks.phi.verdicts import Judgement
from tasks.records import PhiFinding

KEY = b"a-key-for-tests-alone-of-32-byte"
TEXT = "Seen today: Zebulon Quillfeather of Quillmere."


def find(text: str) -> list[PhiFinding]:
    """Find Zebulon wherever he is, and Quillfeather where Zebulon is named anywhere in the text."""
    names = "Zebulon|Quillfeather" if "Zebulon" in text else "Zebulon"
    return [
        PhiFinding(category="NAME", start=m.start(), end=m.end(), score=0.9, recognizer="Z")
        for m in re.finditer(names, text)
    ]


def find_nothing(_: str) -> list[PhiFinding]:
    return []


@pytest.fixture(scope="module")
def _server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROUNDS_DATA_DIR", str(tmp_path_factory.mktemp("verdicts")))
        get_settings.cache_clear()
        yield
        database.close()
        embedded_postgres.stop(get_settings())
    get_settings.cache_clear()


@pytest.fixture
def conn(_server: None) -> Iterator[psycopg.Connection[Any]]:
    with database.connect() as connection:
        connection.execute("truncate phi_verdicts restart identity")
        yield connection


def judge(text: str, value: str, verdict: Verdict, category: str = "NAME") -> Judgement:
    start = text.index(value)
    return Judgement(
        document=document_digest(text, KEY), start=start, end=start + len(value), category=category, verdict=verdict
    )


def store(conn: psycopg.Connection[Any], text: str, value: str, verdict: Verdict, category: str = "NAME") -> Judgement:
    given = judge(text, value, verdict, category)
    verdicts.store(conn, given, text, find, engine="e1", reviewer="officer")
    return given


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_second_verdict_replaces_the_first(conn: psycopg.Connection[Any]) -> None:
    given = store(conn, TEXT, "Zebulon", "confirmed")
    store(conn, TEXT, "Zebulon", "wrong")
    assert verdicts.stored(conn, [given.document]) == {given.key: ("wrong", "NAME")}
    assert len(verdicts.cases(conn)) == 1


def test_a_verdict_can_be_taken_back(conn: psycopg.Connection[Any]) -> None:
    given = store(conn, TEXT, "Zebulon", "confirmed")
    verdicts.take_back(conn, given.key)
    assert verdicts.cases(conn) == []


def test_a_case_marks_the_same_words_as_the_text(conn: psycopg.Connection[Any]) -> None:
    store(conn, "word " * 50 + TEXT, "Zebulon", "confirmed")
    (case,) = verdicts.cases(conn)
    assert case.context[case.start : case.end] == "Zebulon"
    assert len(case.context) < 150
    assert "Zebulon" not in repr(case)


def test_a_case_keeps_as_much_as_the_detector_needs_to_say_the_same(conn: psycopg.Connection[Any]) -> None:
    far = "Zebulon came." + " word" * 100 + " Quillfeather left."
    store(conn, far, "Quillfeather", "confirmed")
    (case,) = verdicts.cases(conn)
    assert case.context.startswith("Zebulon")
    assert case.holds(find(case.context))


def test_characters_that_the_database_does_not_hold_and_wide_ones_keep_their_places(
    conn: psycopg.Connection[Any],
) -> None:
    store(conn, "\0\0 😀 Zebulon\0", "Zebulon", "confirmed")
    (case,) = verdicts.cases(conn)
    assert case.context[case.start : case.end] == "Zebulon"


def test_the_table_says_that_it_holds_phi(conn: psycopg.Connection[Any]) -> None:
    (comment,) = conn.execute("select obj_description('phi_verdicts'::regclass)").fetchone() or ("",)
    assert "Holds PHI" in comment


def test_a_refused_row_is_not_quoted(conn: psycopg.Connection[Any]) -> None:
    given = judge(TEXT, "Zebulon", "confirmed")
    beyond = given.model_copy(update={"verdict": "Zebulon said so"})
    with pytest.raises(PrivacyError) as raised, conn.transaction():
        verdicts.store(conn, beyond, TEXT, find, engine="e1", reviewer="officer")
    assert "23514" in str(raised.value)  # check_violation
    assert "Zebulon" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_forgetting_one_and_all(conn: psycopg.Connection[Any]) -> None:
    store(conn, TEXT, "Zebulon", "confirmed")
    store(conn, TEXT, "Quillmere", "missed", "GEO")
    assert verdicts.forget(conn, 99) == 0
    assert verdicts.forget(conn, 1) == 1
    assert [case.category for case in verdicts.cases(conn)] == ["GEO"]
    assert verdicts.forget(conn, None) == 1


# ── the check ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_detector_is_held_against_every_case(conn: psycopg.Connection[Any]) -> None:
    store(conn, TEXT, "Zebulon", "confirmed")
    store(conn, TEXT, "Quillfeather", "wrong")
    store(conn, TEXT, "Quillmere", "missed", "GEO")
    store(conn, TEXT, "Seen", "harmless", "")
    known = verdicts.cases(conn)
    now = verdicts.check(known, find, "e2")
    assert (now.cases, now.engine) == (4, "e2")
    assert [(r.id, r.category, r.verdict) for r in now.not_found] == [(3, "GEO", "missed")]
    assert [(r.id, r.category, r.verdict) for r in now.still_found] == [(2, "NAME", "wrong")]
    later = verdicts.check(known, find_nothing, "e3")
    assert [r.id for r in later.not_found] == [1, 3]
    assert later.still_found == ()
    assert "Zebulon" not in later.model_dump_json()


@pytest.mark.parametrize(
    ("spans", "verdict", "expected", "why"),
    [
        ([(0, 4), (5, 10)], "confirmed", True, "two findings and the space between"),
        ([(0, 4), (5, 9)], "confirmed", False, "one letter is left"),
        ([(9, 20)], "confirmed", False, "one letter is covered"),
        ([(9, 20)], "wrong", True, "one letter is taken out"),
        ([(4, 5)], "wrong", False, "a space alone"),
        ([], "confirmed", False, "nothing"),
    ],
)
def test_what_counts_as_found(spans: list[tuple[int, int]], verdict: Verdict, expected: bool, why: str) -> None:
    findings = [PhiFinding(category="GEO", start=a, end=b, score=1, recognizer="Z") for a, b in spans]
    assert verdicts.found("Anna Brand", findings, 0, 10, verdict) is expected, why


# ── verdicts from a page ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [
        {"document": "Zebulon"},
        {"start": -1},
        {"end": 0},
        {"end": 10**30, "start": 10**30},
        {"category": "Zebulon"},
        {"category": ""},
        {"verdict": "Zebulon"},
        {"text": "Zebulon"},
    ],
)
def test_what_no_page_saves_is_refused_and_not_quoted(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as raised:
        Judgement.model_validate(judge(TEXT, "Zebulon", "confirmed").model_dump() | change)
    assert "Zebulon" not in str(raised.value)


@pytest.mark.parametrize("content", ["", "Zebulon", "{}", '{"format": "Zebulon", "verdicts": []}'])
def test_a_file_that_no_page_saved_is_explained(tmp_path: Any, content: str) -> None:
    (tmp_path / "saved.json").write_text(content)
    with pytest.raises(SourceError, match="no saved verdicts") as raised:
        verdicts.read_saved(tmp_path / "saved.json")
    assert "Zebulon" not in str(raised.value)


def test_verdicts_find_their_texts_again() -> None:
    mine, short = judge(TEXT, "Zebulon", "wrong"), judge("Zebulon", "Zebulon", "wrong")
    other = judge("of another file: Zebulon", "Zebulon", "wrong")
    beyond = short.model_copy(update={"end": 99})
    saved = {mine.document: [mine], short.document: [short, beyond], other.document: [other]}
    taken: list[tuple[Judgement, str]] = []
    lines = [Line("1", TEXT), Line("2", TEXT), Line("3", "Zebulon")]
    assert verdicts.matched(saved, lines, KEY, lambda judgement, text: taken.append((judgement, text))) == 2
    assert taken == [(mine, TEXT), (short, "Zebulon")]
