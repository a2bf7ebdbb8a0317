"""From which run's weights an agent's next one may go on.

Weights cannot forget on request. Whoever goes on from a champion goes on from every row that it ever learned from, so
one that learned from a row which was withdrawn since (a retracted paper, a deleted chat, a consent taken back), or from
rows that were redacted anew since, is not gone on from: the next run then starts from the base, which has seen neither.
"""

import logging

from tasks.records import TrainingRun
from tasks.registry import versions
from tasks.registry.statements import Connection, fetch

logger = logging.getLogger(__name__)


def run_to_continue(conn: Connection, agent_type: str, dataset_id: str) -> TrainingRun | None:
    """Return the run of an agent's champion, or None where the next run starts from the base; the log says why.

    A champion that was made of this very dataset is passed over for the run that it went on from itself, so that a
    repeated round trains what the first one trained.
    """
    champion = versions.champion(conn, agent_type)
    training = _run(conn, champion.run_id) if champion else None
    while training is not None and training.dataset_id == dataset_id:
        training = _run(conn, training.continued_from)
    if champion is None or training is None:
        why = "there is no champion yet" if champion is None else f"no earlier run is behind champion {champion.id}"
        logger.info("%s starts from the base: %s", agent_type, why)
        return None
    rows, shards = fetch(conn, "learned_and_withdrawn", run_id=training.id)[0]
    if rows or shards:
        logger.warning(
            "%s starts from the base: %s learned from rows withdrawn since (%d) or shards redacted anew since (%d)",
            agent_type,
            training.id,
            rows,
            shards,
        )
        return None
    return training


def _run(conn: Connection, run_id: str | None) -> TrainingRun | None:
    found = fetch(conn, "run", id=run_id) if run_id else []
    return TrainingRun.model_validate(found[0][0]) if found else None
