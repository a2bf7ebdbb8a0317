"""Which records of the sources were taken before: the ledger that tells new from changed from unchanged.

A record is known by its source and its id there, its content by a keyed digest. A paper has other names too, its PMID
and its DOI: whichever of them is retracted, the paper is. Not covered: rows of question sets that share an id, of
which the last one counts.
"""

import functools
import hmac
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psycopg
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from tasks.ingest.intake import Intake
from tasks.records import Withdrawal

BATCH_ROWS = 1_000  # a look into the database; more brings nothing
DIGEST_BYTES = 16

Row = Mapping[str, Any]
Name = tuple[str, str]


@dataclass(frozen=True)
class Mark:
    """What the ledger keeps of a row: its name, a digest of its content, and the other names of the same paper."""

    source: str
    source_id: str
    content: bytes
    pmid: str
    doi: str

    @classmethod
    def of(cls, row: Row, source: str, key: bytes) -> "Mark":
        """Return the mark of a row under the installation's key; an exchange has no source but its reading's."""
        digest = hmac.digest(key, orjson.dumps(row, option=orjson.OPT_SORT_KEYS), "sha256")[:DIGEST_BYTES]
        source_id = id_of(row)
        doi = str(row.get("doi", "")).lower()  # DOIs are case-insensitive (ISO 26324)
        pmid = source_id if row.get("source") == "pubmedqa" else row.get("pmid", "")
        return cls(row.get("source", source), source_id, digest, pmid, doi)

    @property
    def names(self) -> tuple[Name, ...]:
        """Every name under which a retraction may be known."""
        given = ((self.source, self.source_id), ("pubmed", self.pmid), ("doi", self.doi))
        return tuple(name for name in given if name[1])


def id_of(row: Row) -> str:
    """Return a row's id in its source."""
    return str(row["source_id"] if "source" in row else row["id"])


def withheld(source: str, rows: Iterable[Row], certified: Collection[str]) -> Iterator[Withdrawal]:
    """Yield a withdrawal of each row whose id is not among those that were certified."""
    for row in rows:
        if id_of(row) not in certified:
            yield Withdrawal(source=row.get("source", source), source_id=id_of(row), reason="no longer usable")


def untaken(
    conn: psycopg.Connection[Any],
    agent_type: str,
    source: str,
    rows: Iterable[Row | BaseModel],
    key: bytes,
    intake: Intake,
) -> Iterator[Row]:
    """Yield the rows of a source that are new or changed; count new, changed, unchanged and retracted into `intake`."""
    plain = (row.model_dump(mode="json") if isinstance(row, BaseModel) else row for row in rows)
    while batch := list(itertools.islice(plain, BATCH_ROWS)):
        marks = [Mark.of(row, source, key) for row in batch]
        retracted = _retracted(conn, marks)
        known = _known(conn, agent_type, marks)
        for row, mark in zip(batch, marks, strict=True):
            before = known.get((mark.source, mark.source_id))
            if not retracted.isdisjoint(mark.names):
                intake.retracted += 1
            elif before == mark.content:
                intake.unchanged += 1
            else:
                intake.changed += before is not None
                intake.new += before is None
                yield row


def take(conn: psycopg.Connection[Any], agent_type: str, source: str, rows: Iterable[Row], key: bytes) -> None:
    """Remember rows of a source as taken, in the caller's transaction; may be repeated."""
    conn.execute(_sql("stage_taken"))
    with conn.cursor() as cursor, cursor.copy(_sql("copy_taken")) as copy:
        for row in rows:
            mark = Mark.of(row, source, key)
            copy.write_row((mark.source, mark.source_id, mark.content, mark.pmid, mark.doi))
    conn.execute(_sql("insert_taken"), {"agent_type": agent_type})
    conn.execute(_sql("restore_taken"))
    conn.execute("drop table staged_taken")


def withdraw(conn: psycopg.Connection[Any], withdrawn: Iterable[Withdrawal]) -> None:
    """Remember what is not to be learned from any more, in the caller's transaction; may be repeated."""
    given = iter(withdrawn)
    while batch := list(itertools.islice(given, BATCH_ROWS)):
        last = {(w.source, w.source_id): w.model_dump() for w in batch}  # an upsert cannot meet a row twice
        rows = {"withdrawn": Jsonb(list(last.values()))}
        conn.execute(_sql("withdraw"), rows)
        conn.execute(_sql("forget_withdrawn"), rows)


def known_ids(conn: psycopg.Connection[Any], agent_type: str, source: str, source_ids: Sequence[str]) -> frozenset[str]:
    """Return which of some ids of a source were taken before."""
    names = {"sources": [source] * len(source_ids), "ids": list(source_ids), "agent_type": agent_type}
    return frozenset(source_id for _, source_id, _ in conn.execute(_sql("known_records"), names))


def not_yet_withdrawn(conn: psycopg.Connection[Any], told: Sequence[Withdrawal]) -> list[Withdrawal]:
    """Return the retractions among some that are not known as such."""
    names = {"sources": [w.source for w in told], "ids": [w.source_id for w in told]}
    known = set(conn.execute(_sql("retracted_names"), names).fetchall())
    return [w for w in told if (w.source, w.source_id) not in known]


def _known(conn: psycopg.Connection[Any], agent_type: str, marks: Sequence[Mark]) -> dict[Name, bytes]:
    names = {"sources": [m.source for m in marks], "ids": [m.source_id for m in marks], "agent_type": agent_type}
    return {(source, source_id): content for source, source_id, content in conn.execute(_sql("known_records"), names)}


def _retracted(conn: psycopg.Connection[Any], marks: Sequence[Mark]) -> set[Name]:
    sources, ids = zip(*(name for mark in marks for name in mark.names), strict=True)
    found = conn.execute(_sql("retracted_names"), {"sources": list(sources), "ids": list(ids)})
    return set(found.fetchall())


@functools.cache
def _sql(name: str) -> bytes:
    return (Path(__file__).parent / "sql" / f"{name}.sql").read_bytes()
