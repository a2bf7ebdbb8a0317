"""What was learned from and should not have been: retracted papers, deleted citations, chats withdrawn by people.

From the moment of its withdrawal no new dataset holds such a row; models that learned from it before stay as they are
and are named, because taking one out of service is a person's decision.
"""

from datetime import datetime

from pydantic import Field

from tasks.records import Record, WithdrawalReason
from tasks.registry.statements import Connection, fetch


class Retraction(Record):
    """One withdrawn record, and what contains it."""

    source: str
    source_id: str
    reason: WithdrawalReason
    notice: str
    found_at: datetime
    datasets: tuple[str, ...]
    models: tuple[str, ...] = Field(description="id and stage, such as `medicalqa-3f9a…, champion`")


def retractions(conn: Connection) -> tuple[Retraction, ...]:
    """Return every record that was taken and withdrawn since, the last found first."""
    names = tuple(Retraction.model_fields)
    return tuple(Retraction.model_validate(dict(zip(names, row, strict=True))) for row in fetch(conn, "retractions"))


def withdrawn_rows(conn: Connection, agent_type: str) -> dict[str, str]:
    """Return row_sha256 → reason of every redacted row that an agent may no longer learn from."""
    return dict(fetch(conn, "withdrawn_rows", agent_type=agent_type))
