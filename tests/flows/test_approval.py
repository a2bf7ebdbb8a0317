"""Approval by people through a real Prefect: the form of a paused run, filled in as its page would."""

import threading
import time
from collections.abc import Callable
from uuid import UUID

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows import approval
from flows.approval import approved, refuse_without_server
from tasks.errors import ConfigError
from tasks.records import PromotionDecision
from tasks.scoring.approval import Approvals

DECISION = PromotionDecision(promote=True, reason="Promoted: ROUGE-L rose by 0.31.", gates=())


@flow(name="asks")
def asks(needed: Approvals) -> PromotionDecision | None:
    """Ask as a round does."""
    return approved(DECISION, needed, "reports/medicalqa-1/index.html")


@pytest.fixture(autouse=True)
def quick(prefect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval, "POLL_SECONDS", 1)


def answering(forms: list[dict[str, str]], replies: list[int]) -> Callable[[], None]:
    """Return what fills in one form after the other, whenever the run is paused; `replies` gets the HTTP status."""

    def fill() -> None:
        seen: set[UUID] = set()
        with get_client(sync_client=True) as client:
            while forms:
                for run in client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate({})):
                    paused = run.name and run.state and run.state.is_paused()
                    if paused and run.state.id not in seen:  # type: ignore[union-attr]
                        path = f"/flow_runs/{run.id}/resume"
                        reply = client._client.post(path, json={"run_input": forms[0]})
                        replies.append(reply.status_code)
                        forms.pop(0)
                        if reply.status_code == 201:
                            seen.add(run.state.id)  # type: ignore[union-attr]
                time.sleep(0.2)

    return fill


def ask(needed: Approvals, *forms: dict[str, str]) -> tuple[PromotionDecision | None, list[int]]:
    replies: list[int] = []
    person = threading.Thread(target=answering(list(forms), replies), daemon=True)
    person.start()
    decision = asks(needed)
    person.join(20)
    return decision, replies


def test_one_person_approves_and_stands_in_the_record_and_a_form_that_is_not_valid_changes_nothing() -> None:
    decision, replies = ask(
        "one",
        {"decision": "perhaps", "person": "Ada Example"},
        {"decision": "approve", "person": "Ada Example", "comment": "read ten answers"},
    )
    assert decision and decision.promote
    assert decision.gates[-1].seen == "approved by Ada Example: read ten answers"
    assert len(replies) == 2
    assert replies[0] != 201 == replies[1]


def test_the_same_person_twice_is_not_two_and_a_rejection_keeps_what_serves() -> None:
    decision, _ = ask(
        "two",
        {"decision": "approve", "person": "Ada Example"},
        {"decision": "approve", "person": "ADA EXAMPLE"},
        {"decision": "reject", "person": "Bo Sample", "comment": "one dose is odd"},
    )
    assert decision and not decision.promote
    assert decision.gates[-1].seen == "approved by Ada Example; rejected by Bo Sample: one dose is odd"


def test_where_nobody_answers_there_is_no_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approval, "WAIT_SECONDS", 2)
    assert asks("one") is None


def test_a_round_that_nobody_could_approve_is_stopped_before_it_works() -> None:
    with temporary_settings({PREFECT_API_URL: None}):
        refuse_without_server("none")
        with pytest.raises(ConfigError, match="needs a Prefect server") as refused:
            refuse_without_server("two")
    assert "prefect server start" in refused.value.fix
    refuse_without_server("two")
