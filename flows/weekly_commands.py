"""One round for each of several agents: on their work pools where a Prefect server has them, else one after the other.

A round that fails does not keep the others from theirs; the command then ends with the first failure's exit code. What
nobody expected is raised once all rounds are through.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from rich.markup import escape
from rich.table import Table

from flows.commands import run_weekly, warnings_of
from flows.console import err, out, print_json
from flows.parameters import WeeklyRequest
from flows.running import running
from infra import database
from tasks.errors import RoundsError, TrainingInterrupted
from tasks.records import Record, Round
from tasks.registry import rounds

if TYPE_CHECKING:
    from flows.fan_out import FlowEnd


class AgentRound(Record):
    """How one agent's round ended: with a round, or with what kept it from one."""

    agent_type: str
    outcome: Literal["Promoted", "Kept", "Failed"]
    seconds: float
    round: Round | None = None
    error: str = ""
    what: str = ""
    fix: str = ""
    exit_code: int = Field(default=0, ge=0, le=255)


def run_each_weekly(requests: Sequence[WeeklyRequest], *, refresh: bool, as_json: bool) -> None:
    """Run a round for each request and print how they ended; one request alone is printed as ever.

    Raises:
        SystemExit: a round failed; the exit code is the first failure's.
        ExceptionGroup: of failures that are no `RoundsError`.
    """
    if len(requests) == 1:
        run_weekly(requests[0], refresh=refresh, as_json=as_json)
        return
    from flows.fan_out import deployed, run_deployed

    unexpected: list[Exception] = []
    if not refresh and deployed(request.agent_type for request in requests):
        err.print("Each agent's round runs on the work pool of its deployment.")
        earlier, ends, latest = _last_rounds(), run_deployed(requests), _last_rounds()
        ended = [_on_pool(end, earlier.get(end.agent_type), latest.get(end.agent_type)) for end in ends]
    else:
        ended = [_here(request, unexpected, refresh=refresh) for request in requests]
    if as_json:
        print_json({"agents": ended})
    else:
        _print(ended)
    if unexpected:
        raise ExceptionGroup("Rounds that failed and cannot say why", unexpected)
    failed = [one.exit_code for one in ended if one.outcome == "Failed"]
    if failed:
        raise SystemExit(failed[0])


def _here(request: WeeklyRequest, unexpected: list[Exception], *, refresh: bool) -> AgentRound:
    """Run one agent's round in this process; a failure that is no `RoundsError` is put into `unexpected`."""
    from flows.weekly_retrain import weekly_retrain

    err.print(f"[bold]{escape(request.agent_type)}[/bold]")
    started = time.monotonic()
    try:
        with running([], refresh=refresh):
            ended = weekly_retrain(request)
    except TrainingInterrupted:  # SIGTERM is for the command, not for one agent's round
        raise
    except RoundsError as error:
        err.print(f"[red bold]{type(error).__name__}[/red bold] {escape(error.what)}", soft_wrap=True)
        err.print(f"[bold]Fix:[/bold] {escape(error.fix)}", soft_wrap=True)
        return _failed(request, error, time.monotonic() - started, error.what, error.fix, error.exit_code)
    except Exception as error:  # noqa: BLE001  # raised when all rounds are through
        unexpected.append(error)
        return _failed(request, error, time.monotonic() - started, "unexpected", "see the traceback", 1)
    seconds = time.monotonic() - started
    return AgentRound(agent_type=request.agent_type, outcome=ended.outcome, seconds=seconds, round=ended)


def _failed(
    request: WeeklyRequest, error: Exception, seconds: float, what: str, fix: str, exit_code: int
) -> AgentRound:
    name = type(error).__name__
    return AgentRound(
        agent_type=request.agent_type, outcome="Failed", seconds=seconds, error=name, what=what, fix=fix,
        exit_code=exit_code,
    )  # fmt: skip


def _last_rounds() -> dict[str, Round]:
    """Return agent type → its last concluded round."""
    with database.connect() as connection:
        return {one.agent_type: one for one in rounds.last_rounds(connection)}


def _on_pool(end: "FlowEnd", earlier: Round | None, last: Round | None) -> AgentRound:
    """Return how a round on a pool ended: `earlier` and `last` are the agent's last rounds before it and after it."""
    if not end.completed:
        fix = "see the flow run in Prefect, and the log of the pool's worker"
        return AgentRound(
            agent_type=end.agent_type, outcome="Failed", seconds=end.seconds, error="FlowRun", what=end.message,
            fix=fix, exit_code=1,
        )  # fmt: skip
    if last is None:
        fix = "let the worker and this command use one database: ROUNDS_DATABASE_URL"
        return AgentRound(
            agent_type=end.agent_type, outcome="Failed", seconds=end.seconds, error="RegistryError",
            what=f"the round of {end.agent_type} ended, but this database does not know it", fix=fix, exit_code=10,
        )  # fmt: skip
    if earlier and earlier.id == last.id:  # a round that learns nothing new is not written down a second time
        reason = f"Kept: nothing new since the round {last.id}."
        last = last.model_copy(update={"outcome": "Kept", "reason": reason})
    return AgentRound(agent_type=end.agent_type, outcome=last.outcome, seconds=end.seconds, round=last)


def _print(ended: Sequence[AgentRound]) -> None:
    colours = {"Promoted": "green", "Kept": "yellow", "Failed": "red"}
    table = Table("agent", "outcome", "why", "candidate", "minutes")
    for one in ended:
        why = one.round.reason.partition(": ")[2] if one.round else f"{one.error}: {one.what}"
        candidate = one.round.candidate_id if one.round else ""
        outcome = f"[{colours[one.outcome]} bold]{one.outcome}[/]"
        table.add_row(escape(one.agent_type), outcome, escape(why), candidate, f"{one.seconds / 60:.1f}")
    out.print(table)
    for one in ended:
        for warning in warnings_of(one.round) if one.round else ():
            err.print(f"[yellow]{escape(one.agent_type)}: {escape(warning)}[/yellow]", soft_wrap=True)
