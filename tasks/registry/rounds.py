"""How weekly rounds ended. Promotion, decision and record of a round are one transaction: all happened, or none."""

from psycopg.types.json import Jsonb

from tasks.records import DatasetVersion, PromotionDecision, Reading, RedactedShard, Round
from tasks.registry import outcomes, versions
from tasks.registry.statements import Connection, fetch


def conclude(conn: Connection, ended: Round, decision: PromotionDecision, *, actor: str) -> None:
    """Write down how a round ended, and promote its candidate if that was decided.

    Raises:
        RegistryError: another champion came up since the candidate was judged; nothing is written.
    """
    outcomes.record_decision(conn, ended.agent_type, ended.candidate_id, ended.baseline_id, decision)
    if decision.promote:
        champion = versions.champion(conn, ended.agent_type)
        replaced = ended.baseline_id if champion is not None else None
        versions.promote(conn, ended.candidate_id, replaces=replaced, reason=decision.reason, actor=actor)
    outcomes.record_weekly_run(
        conn, ended.id, ended.agent_type, ended.outcome, ended.report, ended.model_dump(mode="json")
    )


def find_round(conn: Connection, round_id: str) -> Round | None:
    """Return a concluded round."""
    return _first(fetch(conn, "round", id=round_id))


def round_that_promoted(conn: Connection, model_id: str) -> Round | None:
    """Return the round that made a model the champion that it still is, or None."""
    return _first(fetch(conn, "round_that_promoted", model_id=model_id))


def last_rounds(conn: Connection) -> tuple[Round, ...]:
    """Return the last concluded round of each agent type."""
    return tuple(Round.model_validate(row[0]) for row in fetch(conn, "last_rounds"))


def shards_since_last_round(conn: Connection, agent_type: str) -> tuple[RedactedShard, ...]:
    """Return what an agent's next round learns anew: the shards recorded after its last concluded round."""
    rows = fetch(conn, "shards_since_last_round", agent_type=agent_type)
    return tuple(RedactedShard.model_validate(row[0]) for row in rows)


def dataset_learned_before(
    conn: Connection, agent_type: str, shards: tuple[str, ...], aside: str = ""
) -> DatasetVersion | None:
    """Return the dataset of the last concluded round that learned from other shards, by SHA-256, than `shards`.

    Shards of the source `aside` are neither compared nor named.
    """
    rows = fetch(conn, "dataset_learned_before", agent_type=agent_type, shards=Jsonb(list(shards)), aside=aside)
    return DatasetVersion.model_validate(rows[0][0]) if rows else None


def readings_since_last_round(conn: Connection, agent_type: str) -> tuple[Reading, ...]:
    """Return what an agent's sources held when they were looked at since its last concluded round."""
    rows = fetch(conn, "readings_since_last_round", agent_type=agent_type)
    return tuple(Reading.model_validate(row[0]) for row in rows)


def waiting_chats(conn: Connection) -> dict[str, int]:
    """Return agent type → rated or corrected chats that no run has looked at yet."""
    return dict(fetch(conn, "waiting_chats"))


def _first(rows: list[tuple[object, ...]]) -> Round | None:
    return Round.model_validate(rows[0][0]) if rows else None
