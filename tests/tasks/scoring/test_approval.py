import pytest

from tasks.records import Gate, PromotionDecision
from tasks.scoring.approval import Vote, voted, without_effect

PASSED = Gate(name="Enough items", passed=True, seen="142", needed="100")
PROMOTED = PromotionDecision(promote=True, reason="Promoted: ROUGE-L rose by 0.31.", gates=(PASSED,))
YES, NO = (Vote(person="Ada Example", approves=approves) for approves in (True, False))
ALSO = Vote(person="Bo Sample", approves=True, comment="read ten answers")


@pytest.mark.parametrize(
    ("votes", "needed", "promote", "seen"),
    [
        ((YES,), 1, True, "approved by Ada Example"),
        ((NO,), 1, False, "rejected by Ada Example"),
        ((YES, ALSO), 2, True, "approved by Ada Example; approved by Bo Sample: read ten answers"),
        ((YES,), 2, False, "approved by Ada Example"),
        ((YES, Vote(person=" ada  EXAMPLE", approves=True)), 2, False, "approved by Ada Example"),
        ((ALSO, NO), 2, False, "approved by Bo Sample: read ten answers; rejected by Ada Example"),
        ((), 1, False, "nobody"),
    ],
)
def test_a_promotion_needs_as_many_different_persons_and_no_rejection(
    votes: tuple[Vote, ...], needed: int, promote: bool, seen: str
) -> None:
    decision = voted(PROMOTED, votes, needed)
    assert decision.promote == promote
    assert decision.gates[-1].passed == promote
    assert decision.gates[-1].seen.startswith(seen)
    assert decision.reason.endswith(" Approved by " + " and ".join(vote.person for vote in votes) + ".") == promote
    assert decision.reason.startswith("Promoted: " if promote else "Kept: ROUGE-L rose by 0.31. Not met: approved (")


def test_nobody_can_approve_what_the_gates_refuse() -> None:
    kept = PROMOTED.model_copy(update={"promote": False, "reason": "Kept: ROUGE-L did not move."})
    assert voted(kept, (YES,), 1).promote is False
    assert voted(kept, (YES,), 1).reason == kept.reason


def test_a_dry_run_says_what_would_have_been() -> None:
    decision = without_effect(PROMOTED)
    assert not decision.promote
    assert decision.reason == "Kept: a dry run; the candidate would be promoted. ROUGE-L rose by 0.31."
    assert decision.gates == PROMOTED.gates
