"""A person's word before a promotion: the flow pauses in Prefect until a form is filled in.

The form is on the paused run's page (Resume), or is sent as POST /flow_runs/{id}/resume {"run_input": …}. Prefect
does not prove who fills it in: names are as good as the access to its server. The rows of the agent stay reserved while
a round waits.
"""

from typing import Literal

from prefect.exceptions import FlowPauseTimeout
from prefect.flow_runs import pause_flow_run
from prefect.input import RunInput
from prefect.settings import PREFECT_API_URL
from pydantic import Field

from flows.console import err
from tasks.errors import ConfigError
from tasks.records import PromotionDecision
from tasks.scoring.approval import NEEDED, Approvals, Vote, same_person, voted

WAIT_SECONDS = 7 * 24 * 3600  # then the next round is due
POLL_SECONDS = 5


class Approval(RunInput):
    """The form: no patient's data belongs into it, it is kept with the decision."""

    decision: Literal["approve", "reject"]
    person: str = Field(min_length=2, max_length=100, description="your name, as it is to stand in the record")
    comment: str = Field(default="", max_length=1000)


def refuse_without_server(approvals: Approvals) -> None:
    """Stop a round that wants approval before it does any work, where nobody could give it.

    Raises:
        ConfigError: no Prefect server is set; a temporary one has no page and ends with the command.
    """
    if approvals != "none" and not PREFECT_API_URL.value():
        raise ConfigError(
            "Approval by a person needs a Prefect server, and none is set.",
            fix="prefect server start, then PREFECT_API_URL=http://127.0.0.1:4200/api; or --approval none",
        )


def approved(decision: PromotionDecision, approvals: Approvals, page: str) -> PromotionDecision | None:
    """Return the decision after the persons that it needs were asked; None where nobody answered in time."""
    votes: list[Vote] = []
    needed, note = NEEDED[approvals], ""
    while len(votes) < needed and all(vote.approves for vote in votes):
        vote = _ask(f"{decision.reason} Report: {page}. Approval {len(votes) + 1} of {needed}.{note}")
        if vote is None:
            return None
        again = vote.approves and same_person(vote.person) in {same_person(known.person) for known in votes}
        note = f" {vote.person} has approved already; another person is needed." if again else ""
        if not again:
            votes.append(vote)
    return voted(decision, votes, needed)


def _ask(description: str) -> Vote | None:
    """Pause until one form came in, or nobody answered in `WAIT_SECONDS`."""
    err.print("Waiting for approval in Prefect: open the paused run and press Resume.")
    form = Approval.with_initial_data(description=description)
    try:
        said = pause_flow_run(wait_for_input=form, timeout=WAIT_SECONDS, poll_interval=POLL_SECONDS)
    except FlowPauseTimeout:
        return None
    return Vote(person=said.person.strip(), approves=said.decision == "approve", comment=said.comment.strip())
