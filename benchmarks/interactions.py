"""Chats from PostgreSQL to filtered JSON lines, beside a bare server-side cursor over the same rows.

Both read the same columns of the same rows over the same kind of connection; ours also judges each row, replaces its
keys by pseudonyms, writes JSON lines and names what it leaves out. Nine of ten chats qualify: little is saved by
filtering. The server is an embedded one in a temporary folder.
"""

import logging
import resource
import tempfile
from collections.abc import Sequence
from pathlib import Path

import orjson
import psycopg

from benchmarks.figures import Figure, main, rates
from infra import embedded_postgres
from infra.database_schema import bring_up_to_date
from infra.settings import Settings
from tasks.ingest.intake import Intake
from tasks.ingest.interactions import collect_interactions
from tasks.records import ChatQuery

log = logging.getLogger(__name__)

ROWS, QUICK_ROWS = 1_000_000, 150_000
QUERY = ChatQuery(agent_type="MedicalQA")
KEY = b"a key of benchmarks"
# About 600 characters, as a question with a paragraph for an answer has.
MAKE = """
insert into interactions (conversation_id, agent_type, subject_key, messages, rating, created_at, model_version)
select 'conversation-' || n / 3, 'MedicalQA', 'patient-' || n / 10,
    jsonb_build_array(
        jsonb_build_object('role', 'user', 'content', 'Which diet is advised after discharge number ' || n || '?'),
        jsonb_build_object('role', 'assistant', 'content',
            'A made-up answer, number ' || n || ': ' || repeat('little salt, enough water and short walks, ', 12))),
    case mod(n, 10) when 0 then 2 else 4 + mod(n, 3) * 0.5 end, now() - n * interval '1 second', 'model-1'
from generate_series(1, %s) as n
"""
BARE = (
    "select id, conversation_id, subject_key, messages::text, rating, correction, created_at, model_version"
    " from interactions where agent_type = 'MedicalQA' order by changed_in, id"
)


def measure(quick: bool) -> Sequence[Figure]:
    """Fill a table and read it both ways."""
    rows = QUICK_ROWS if quick else ROWS
    with tempfile.TemporaryDirectory(prefix="rounds-benchmark-") as folder:
        settings = Settings(data_dir=Path(folder) / "data", _env_file=None)  # type: ignore[call-arg]
        url = embedded_postgres.start(settings)
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                bring_up_to_date(connection)
                connection.execute(MAKE, (rows,))
                connection.execute("vacuum analyze interactions")
            ours, other = rates(rows, lambda: collect(url, Path(folder) / "chats.jsonl"), lambda: read(url))
        finally:
            embedded_postgres.stop(settings)
    log.warning("largest memory of this process: %.0f MB", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return [Figure("ingest.interactions", ours, other, "rows/s", rows)]


def collect(url: str, file: Path) -> None:
    """Write what qualifies as JSON lines."""
    with psycopg.connect(url) as connection, file.open("wb") as out:
        for row in collect_interactions(connection, QUERY, KEY, Intake()):
            out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def read(url: str) -> None:
    """Fetch the rows and let them go."""
    with psycopg.connect(url) as connection, psycopg.ServerCursor(connection, "bare") as cursor:
        cursor.itersize = 2000
        for _ in cursor.execute(BARE):
            pass


if __name__ == "__main__":
    main(__doc__ or "", measure)
