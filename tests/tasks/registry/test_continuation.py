"""Which run may be gone on from, against a real PostgreSQL; and that lineage follows runs back to the base."""

from collections.abc import Iterator
from typing import Any

import pytest

from infra.artifacts import ArtifactStore
from infra.database import connect
from tasks.records import DatasetVersion, RedactedShard, TrainingRun
from tasks.registry import lineage, outcomes, retractions, steps
from tests.tasks.registry import test_steps as world
from tests.tasks.registry.test_steps import _data as _data
from tests.tasks.registry.test_steps import certified, document, example, row_sha256
from tests.tasks.registry.test_steps import store as store

AGENT = "MedicalQA"


@pytest.fixture
def weeks(store: ArtifactStore) -> Iterator["Weeks"]:
    yield Weeks(store)


class Weeks:
    """Weeks in which a paper came in and a run learned from it: from the base, or going on from an earlier run."""

    def __init__(self, store: ArtifactStore) -> None:
        self.store = store
        self.shards: list[RedactedShard] = []

    def learn(self, week: int, continued_from: int | None = None, split: str = "train") -> None:
        """Register model `m-<week>` that learned from paper <week> alone, and make it the champion."""
        row = document(str(week))
        self.shards.append(world.shard(self.store, "documents", row))
        steps.record_shards.fn(AGENT, (self.shards[-1],))
        steps.record_dataset.fn(self.dataset(week, row, split))
        run = world.training_run().model_copy(
            update={
                "id": f"run-{week}",
                "dataset_id": f"ds-{week}",
                "continued_from": f"run-{continued_from}" if continued_from else None,
            }
        )
        steps.record_run.fn(run)
        version = world.model(f"m-{week}").model_copy(update={"run_id": run.id, "dataset_id": run.dataset_id})
        steps.register.fn(version)
        steps.promote.fn(version.id, replaces=world.champion_id(), reason="better", actor="ada")

    def dataset(self, week: int, row: dict[str, Any], split: str) -> DatasetVersion:
        rows = [certified(example(row["source_id"]), derived_from=row_sha256(row))]
        made = world.dataset(self.store, row)
        update = {
            "id": f"ds-{week}",
            "splits": {split: self.store.save_rows("dataset", rows)},
            "shards": (self.shards[-1].artifact.sha256,),
        }
        return made.model_copy(update=update)


def withdraw(pmid: str) -> None:
    with connect() as conn:
        conn.execute(
            "insert into withdrawals (source, source_id, reason, notice) values ('pubmed', %s, 'retracted', '')",
            (pmid,),
        )


def next_start(dataset_id: str = "ds-next") -> str | None:
    found: TrainingRun | None = steps.run_to_continue.fn(AGENT, dataset_id)
    return found.id if found else None


def test_without_a_champion_the_base_is_the_start(weeks: Weeks, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert next_start() is None
    assert "no champion yet" in caplog.text


def test_the_champions_run_is_gone_on_from(weeks: Weeks) -> None:
    weeks.learn(1)
    weeks.learn(2, continued_from=1)
    assert next_start() == "run-2"
    assert steps.run_to_continue.fn("Clinical", "ds-next") is None


def test_a_champion_that_no_run_made_is_not_gone_on_from(weeks: Weeks) -> None:
    steps.register.fn(world.model("base").model_copy(update={"run_id": None, "dataset_id": None}))
    world.promote("base", None)
    assert next_start() is None


def test_a_repeated_round_starts_where_the_first_one_did(weeks: Weeks) -> None:
    weeks.learn(1)
    weeks.learn(2, continued_from=1)
    assert next_start("ds-2") == "run-1"
    weeks.learn(3)
    assert next_start("ds-3") is None, "run-3 started from the base"


@pytest.mark.parametrize("withdrawn", [1, 2], ids=["two runs ago", "by the champion's own run"])
def test_a_champion_that_learned_from_a_withdrawn_row_is_not_gone_on_from(
    withdrawn: int, weeks: Weeks, caplog: pytest.LogCaptureFixture
) -> None:
    weeks.learn(1)
    weeks.learn(2, continued_from=1)
    withdraw(str(withdrawn))
    assert next_start() is None
    assert "run-2 learned from rows withdrawn since (1)" in caplog.text


def test_a_run_from_the_base_is_clean_of_what_earlier_champions_learned(weeks: Weeks) -> None:
    weeks.learn(1)
    weeks.learn(2)
    withdraw("1")
    assert next_start() == "run-2"


def test_a_row_of_a_test_split_was_never_learned_from(weeks: Weeks) -> None:
    weeks.learn(1, split="test")
    withdraw("1")
    assert next_start() == "run-1"


def test_a_champion_that_learned_from_rows_redacted_anew_is_not_gone_on_from(
    weeks: Weeks, caplog: pytest.LogCaptureFixture
) -> None:
    weeks.learn(1)
    weeks.learn(2, continued_from=1)
    old = weeks.shards[0]
    new = world.shard(weeks.store, "documents", {**document("1"), "title": "On [REDACTED-NAME]"})
    steps.replace_shard.fn(AGENT, old, old)
    assert next_start() == "run-2", "the newer rules changed nothing"
    steps.replace_shard.fn(AGENT, old, new)
    assert next_start() is None
    assert "shards redacted anew since (1)" in caplog.text


def test_lineage_follows_runs_back_to_the_base(weeks: Weeks) -> None:
    weeks.learn(1)
    weeks.learn(2, continued_from=1)
    weeks.learn(3)
    withdraw("1")
    with connect() as conn:
        assert lineage.models_of_source(conn, "pubmed", "1") == ("m-1", "m-2")
        assert lineage.models_of_source(conn, "pubmed", "2") == ("m-2",)
        (found,) = retractions.retractions(conn)
        story, other = outcomes.show(conn, "m-2"), outcomes.show(conn, "m-3")
    assert (found.datasets, found.models) == (("ds-1",), ("m-1, retired", "m-2, retired"))
    assert (story.went_on_from, story.rows, story.sources) == (("run-1",), 2, {"pubmed": 2})
    assert (other.went_on_from, other.rows) == ((), 1)
