"""What reviewers said, stored as cases that every later detector is tried on.

A case keeps the shortest piece of its text in which the detector says the same as in the whole of it; this piece is
PHI, lies in the database alone, and no error, log or representation holds it. A case is known outside the database by
its number. It does not judge the category: a span counts as found whichever category covers it, because each is taken
out.
"""

import functools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg.rows import tuple_row
from pydantic import Field, ValidationError, field_validator, model_validator

from tasks.errors import PrivacyError, SourceError
from tasks.phi.categories import CATEGORIES
from tasks.phi.review import DIGEST_CHARS, Find, Key, Line, Verdict, document_digest, reach_back, reach_on, visible
from tasks.records import PhiFinding, Record

IDENTIFIERS = frozenset({"confirmed", "missed"})  # the verdicts that say: this has to be found
REACHES = (60, 250, 1_000)  # characters on each side that a case keeps, if they suffice
LARGEST_FILE = 1 << 24  # bytes of saved verdicts; a session's are some kB
CONTENT = re.compile(r"[^\W_]")

Connection = psycopg.Connection[Any]


class Judgement(Record):
    """One verdict: on which text, by its digest, on which span, and what it is."""

    document: str = Field(pattern=rf"^[0-9a-f]{{{DIGEST_CHARS}}}$")
    start: int = Field(ge=0)
    end: int
    category: str = ""
    verdict: Verdict

    @field_validator("category")
    @classmethod
    def _known(cls, category: str) -> str:
        if category and category not in CATEGORIES:
            raise ValueError("no category of this stage")
        return category

    @model_validator(mode="after")
    def _whole(self) -> "Judgement":
        if self.end <= self.start or (not self.category and self.verdict != "harmless"):
            raise ValueError("an empty span, or no category")
        return self

    @property
    def key(self) -> Key:
        """The text and the span; a second verdict on them replaces the first."""
        return self.document, self.start, self.end


class SavedVerdicts(Record):
    """What the page's button saves: digests, offsets and verdicts, no text."""

    format: Literal["rounds-phi-verdicts-1"]
    verdicts: tuple[Judgement, ...]


@dataclass(frozen=True)
class Case:
    """A stored verdict as the detector is tried on it; offsets are characters of the context."""

    id: int
    context: str = field(repr=False)
    start: int
    end: int
    category: str
    verdict: Verdict
    engine: str

    def holds(self, findings: Sequence[PhiFinding]) -> bool:
        """Say whether findings in the context agree with the verdict."""
        return found(self.context, findings, self.start, self.end, self.verdict) == (self.verdict in IDENTIFIERS)


class CaseResult(Record):
    """A case that the present detector does not agree with: never its text."""

    id: int
    category: str
    verdict: Verdict
    engine: str = Field(description="under which the verdict was given")


class Check(Record):
    """How the present detector does on the stored cases."""

    engine: str
    cases: int
    not_found: tuple[CaseResult, ...] = Field(description="identifiers, confirmed or missed before, that are not found")
    still_found: tuple[CaseResult, ...] = Field(description="what is no identifier and is found")


def found(text: str, findings: Sequence[PhiFinding], start: int, end: int, verdict: Verdict) -> bool:
    """Say whether findings cover every letter and digit of a span; for what is no identifier, whether any one."""
    content = [m.start() for m in CONTENT.finditer(text, start, end)] or list(range(start, end))
    near = [f for f in findings if f.start < end and start < f.end]
    covered = (any(f.start <= at < f.end for f in near) for at in content)
    return all(covered) if verdict in IDENTIFIERS else any(covered)


def store(conn: Connection, given: Judgement, text: str, find: Find, *, engine: str, reviewer: str) -> None:
    """Store a verdict, in place of an earlier one on the same span, with as much of the text as it needs.

    Raises:
        PrivacyError: the database refused the row. The message quotes nothing of it.
    """
    first, last = piece(text, given, find)
    values = given.model_dump() | {
        "context": text[first:last].replace("\0", "�"),  # PostgreSQL's text holds every character but this one
        "context_start": first,
        "engine": engine,
        "reviewer": visible(reviewer),
    }
    try:
        conn.execute(_sql("store_verdict"), values)
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        refused = error.sqlstate
    else:
        return
    # Raised outside the handler: the server's message quotes the row and must not be chained.
    raise PrivacyError(
        f"The database refused a verdict (SQLSTATE {refused}).", fix="report it with this code; other verdicts are kept"
    )


def piece(text: str, given: Judgement, find: Find) -> tuple[int, int]:
    """Return the shortest piece around the span, of a few lengths, in which the detector says the same as in all."""
    said = found(text, find(text), given.start, given.end, given.verdict)
    for reach in REACHES:
        first, last = reach_back(text, given.start, reach), reach_on(text, given.end, reach)
        part = text[first:last]
        if found(part, find(part), given.start - first, given.end - first, given.verdict) == said:
            return first, last
    return 0, len(text)


def stored(conn: Connection, documents: Iterable[str]) -> dict[Key, tuple[Verdict, str]]:
    """Return the verdicts (key → verdict and category) on some texts."""
    rows = _fetch(conn, "verdicts_of", documents=list(documents))
    return {(document, start, end): (verdict, category) for document, start, end, category, verdict in rows}


def take_back(conn: Connection, key: Key) -> None:
    """Delete the verdict on a span, if there is one."""
    document, start, end = key
    conn.execute(_sql("take_verdict_back"), {"document": document, "start": start, "end": end})


def forget(conn: Connection, case: int | None) -> int:
    """Delete one case, or with None all of them; return how many there were."""
    return conn.execute(_sql("forget_verdicts"), {"id": case}).rowcount


def cases(conn: Connection) -> list[Case]:
    """Return every stored case, the oldest first."""
    return [Case(*row) for row in _fetch(conn, "cases")]


def check(stored_cases: Iterable[Case], find: Find, engine: str) -> Check:
    """Try a detector on stored cases."""
    failed, count = [], 0
    for count, case in enumerate(stored_cases, start=1):  # noqa: B007  # how many there were
        if not case.holds(find(case.context)):
            failed.append(CaseResult(id=case.id, category=case.category, verdict=case.verdict, engine=case.engine))
    return Check(
        engine=engine,
        cases=count,
        not_found=tuple(result for result in failed if result.verdict in IDENTIFIERS),
        still_found=tuple(result for result in failed if result.verdict not in IDENTIFIERS),
    )


def read_saved(file: Path) -> SavedVerdicts:
    """Return what the page saved.

    Raises:
        SourceError: the file cannot be read or is no such file. The message quotes nothing of it.
    """
    fix = "give the file that the page's button `Save verdicts` wrote"
    try:
        if file.stat().st_size > LARGEST_FILE:
            raise SourceError(f"{visible(str(file))} is too large for saved verdicts.", fix=fix)
        return SavedVerdicts.model_validate_json(file.read_bytes())
    except OSError as error:
        raise SourceError(f"{visible(str(file))} cannot be read: {error.strerror}.", fix=fix) from None
    except ValidationError as error:
        faults = error.error_count()
    raise SourceError(f"{visible(str(file))} holds no saved verdicts: {faults} faults.", fix=fix)


def matched(
    saved: Mapping[str, Sequence[Judgement]], lines: Iterable[Line], key: bytes, take: Callable[[Judgement, str], None]
) -> int:
    """Give each verdict (document → its verdicts) with its text to `take`; return how many were given.

    A verdict on a text that no line has, or that reaches beyond its text, is left out.
    """
    waiting, given = dict(saved), 0
    for line in lines:
        for judgement in waiting.pop(document_digest(line.text, key), ()):
            if judgement.end <= len(line.text):
                take(judgement, line.text)
                given += 1
    return given


def _fetch(conn: Connection, name: str, **values: object) -> list[tuple[Any, ...]]:
    with conn.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(_sql(name), values or None).fetchall()


@functools.cache
def _sql(name: str) -> bytes:
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_bytes()
