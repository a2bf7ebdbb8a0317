"""Model versions and their stages. One champion per agent type; promotion and rollback are the same exchange.

An exchange names the champion it replaces. If another process was faster, that name is wrong by then, nothing
changes, and the caller is told.
"""

import difflib
import logging

from psycopg.errors import UniqueViolation

from tasks.errors import RegistryError
from tasks.records import ModelVersion
from tasks.registry.statements import Connection, fetch, run

logger = logging.getLogger(__name__)


def register(conn: Connection, version: ModelVersion, *, actor: str = "rounds") -> ModelVersion:
    """Write down a version as a candidate; one that is there already is returned in its present stage.

    Raises:
        RegistryError: the id is there with another file to serve.
    """
    written = run(
        conn,
        "insert_model",
        id=version.id,
        agent_type=version.agent_type,
        run_id=version.run_id,
        dataset_id=version.dataset_id,
        gguf_sha256=version.gguf.artifact.sha256,
        record=version,
    )
    if written:
        _record_stage(conn, version.id, None, "candidate", "registered", actor)
    stored = get(conn, version.id)
    if stored.gguf.artifact.sha256 != version.gguf.artifact.sha256:
        fix = "give the new file a new id; a registered version is never changed"
        raise RegistryError(f"Model {version.id} is registered with another file.", fix=fix)
    return stored


def get(conn: Connection, model_id: str) -> ModelVersion:
    """Return a version by its id or by the beginning of one.

    Raises:
        RegistryError: no such version, or several; the error names those that come near.
    """
    found = fetch(conn, "model", id=model_id)
    return _version(*found[0]) if found else get(conn, _resolve(conn, model_id))


def models(conn: Connection, agent_type: str | None = None) -> tuple[ModelVersion, ...]:
    """Return all versions, or those of an agent type, the newest first."""
    return tuple(_version(*row) for row in fetch(conn, "models", agent_type=agent_type))


def champion(conn: Connection, agent_type: str) -> ModelVersion | None:
    """Return the version that serves an agent type, if there is one."""
    found = fetch(conn, "champion", agent_type=agent_type)
    return _version(*found[0]) if found else None


def promote(
    conn: Connection, model_id: str, *, replaces: str | None, reason: str, actor: str, action: str = "promote"
) -> ModelVersion:
    """Make a version the champion of its agent type in place of `replaces` (None: there is none yet).

    Stages, their history and the audit log change together or not at all.

    Raises:
        RegistryError: the present champion is not `replaces`, or the version is unknown.
    """
    version = get(conn, model_id)
    try:
        with conn.transaction():
            _exchange(conn, version, replaces, reason, actor)
            detail = {"replaces": replaces, "reason": reason}
            run(conn, "insert_audit", actor=actor, action=action, subject=version.id, detail=detail)
    except UniqueViolation as error:
        raise _outrun(version.id, replaces, "another one") from error
    logger.info("%s model=%s replaces=%s", action, version.id, replaces)
    return get(conn, version.id)


def roll_back(conn: Connection, agent_type: str, *, to: str | None = None, reason: str, actor: str) -> ModelVersion:
    """Make the champion before the present one, or the version `to`, champion again.

    Raises:
        RegistryError: there is no champion or no earlier one, or another process changed it meanwhile.
    """
    present = champion(conn, agent_type)
    if present is None:
        raise RegistryError(f"{agent_type} has no champion.", fix="promote a model first: rounds models list")
    if to is None:
        earlier = fetch(conn, "earlier_champion", agent_type=agent_type, present=present.id)
        if not earlier:
            fix = "name the version to go back to: rounds models list"
            raise RegistryError(f"{agent_type} had no champion before {present.id}.", fix=fix)
        to = str(earlier[0][0])
    return promote(conn, to, replaces=present.id, reason=reason, actor=actor, action="roll_back")


def _exchange(conn: Connection, version: ModelVersion, replaces: str | None, reason: str, actor: str) -> None:
    """Retire `replaces` and make `version` the champion, both locked, if `replaces` still is the champion."""
    stages = {row[0]: row[2] for row in fetch(conn, "lock_models", ids=[version.id, replaces])}
    present = champion(conn, version.agent_type)
    if (present and present.id) != replaces:
        raise _outrun(version.id, replaces, present.id if present else "none")
    if version.id == replaces:
        raise RegistryError(f"Model {version.id} is the champion already.", fix="nothing is to be done")
    if replaces is not None:
        run(conn, "set_stage", id=replaces, to_stage="retired")
        _record_stage(conn, replaces, "champion", "retired", reason, actor)
    run(conn, "set_stage", id=version.id, to_stage="champion")
    _record_stage(conn, version.id, stages[version.id], "champion", reason, actor)


def _record_stage(conn: Connection, model_id: str, old: str | None, new: str, reason: str, actor: str) -> None:
    run(conn, "insert_stage_change", id=model_id, from_stage=old, to_stage=new, reason=reason, actor=actor)


def _version(record: dict[str, object], stage: str) -> ModelVersion:
    """Return the record with the stage of its column, which is the one that changes."""
    return ModelVersion.model_validate({**record, "stage": stage})


def _resolve(conn: Connection, begin: str) -> str:
    """Return the one id that begins so."""
    ids = [str(row[0]) for row in fetch(conn, "model_ids")]
    starting = [known for known in ids if begin and known.startswith(begin)]
    if len(starting) == 1:
        return starting[0]
    near = starting[:5] or difflib.get_close_matches(begin, ids, n=3, cutoff=0.4)
    fix = f"did you mean {', '.join(near)}?" if near else "see rounds models list"
    what = f"{len(starting)} models begin with {begin}" if starting else f"No model {begin}"
    raise RegistryError(f"{what}.", fix=fix)


def _outrun(model_id: str, replaces: str | None, present: str) -> RegistryError:
    """Make the error of an exchange whose premise no longer holds."""
    return RegistryError(
        f"Model {model_id} was to replace {replaces or 'no champion'}, but the champion is {present}.",
        fix="compare it with the present champion and promote again",
    )
