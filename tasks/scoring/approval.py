"""What people said about a candidate that passed every gate: one more gate, with their names and comments."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from tasks.records import Gate, PromotionDecision, Record

Approvals = Literal["none", "one", "two"]
NEEDED: dict[Approvals, int] = {"none": 0, "one": 1, "two": 2}


class Vote(Record):
    """What one person decided."""

    person: str = Field(min_length=1)
    approves: bool
    comment: str = ""


def voted(decision: PromotionDecision, votes: Sequence[Vote], needed: int) -> PromotionDecision:
    """Return the decision with the gate "Approved"; one rejection, or too few different persons, keeps what serves."""
    approving = {same_person(vote.person) for vote in votes if vote.approves}
    rejected = any(not vote.approves for vote in votes)
    gate = Gate(
        name="Approved",
        passed=not rejected and len(approving) >= needed,
        seen="; ".join(map(_told, votes)) or "nobody",
        needed="one person" if needed == 1 else f"{needed} different persons",
    )
    reason = decision.reason
    if decision.promote and gate.passed:
        reason += f" Approved by {' and '.join(vote.person for vote in votes)}."
    elif decision.promote:
        reason = f"{reason.replace('Promoted:', 'Kept:', 1)} Not met: approved ({gate.seen}; needed {gate.needed})."
    return PromotionDecision(promote=decision.promote and gate.passed, reason=reason, gates=(*decision.gates, gate))


def without_effect(decision: PromotionDecision) -> PromotionDecision:
    """Return the decision of a dry run: nothing is promoted, and the reason says what would have been."""
    would = "would be promoted" if decision.promote else "would be kept"
    found = decision.reason.partition(": ")[2]
    return decision.model_copy(update={"promote": False, "reason": f"Kept: a dry run; the candidate {would}. {found}"})


def same_person(name: str) -> str:
    """Return what two ways to write one person's name share: case and spaces do not count."""
    return " ".join(name.casefold().split())


def _told(vote: Vote) -> str:
    what = "approved" if vote.approves else "rejected"
    return f"{what} by {vote.person}" + (f": {vote.comment}" if vote.comment else "")
