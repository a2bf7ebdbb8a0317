"""The weekly flow on a small hospital, with real stages, a real database and a real Prefect."""

import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from prefect import Task, flow

from flows import approval
from flows.base_models import baseline_of, prepare_base
from flows.collect import collect, plant_secrets
from flows.parameters import CollectRequest
from flows.weekly_retrain import ended
from infra.artifacts import open_store
from infra.database import connect
from infra.settings import get_settings
from tasks.dataset import steps as dataset_steps
from tasks.errors import DataError
from tasks.gguf import steps as gguf_steps
from tasks.ingest import steps as ingest_steps
from tasks.phi import steps as phi_steps
from tasks.records import ChatQuery, DatasetVersion, Gate, PromotionDecision
from tasks.registry import lineage, outcomes, rounds, versions
from tasks.registry import steps as registry_steps
from tasks.scoring import steps as scoring_steps
from tasks.scoring.report_input import ReportInput
from tasks.training import steps as training_steps
from tests.flows.test_approval import answering
from tests.flows.workplace import (
    NAME,
    PHRASE,
    Hospital,
    Played,
    damaged_artifacts,
    holding,
    load,
    planted_identifiers,
    play,
    request_for,
    working_in,
)

AGENT = "MedicalQA"
STAGES: tuple[ModuleType, ...] = (
    ingest_steps, phi_steps, dataset_steps, training_steps, gguf_steps, scoring_steps, registry_steps,
)  # fmt: skip
CACHED = {
    found.name for stage in STAGES for found in vars(stage).values() if isinstance(found, Task) and found.persist_result
}
# PEFT still asks transformers for the former name of activation checkpointing.
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")


@pytest.fixture(scope="module")
def first(undisturbed: Played) -> Iterator[Played]:
    with working_in(undisturbed.data):
        yield undisturbed


@pytest.fixture(scope="module")
def second(first: Played, hospital: Hospital) -> Played:
    return play(hospital)


@pytest.fixture(scope="module")
def third(second: Played, hospital: Hospital) -> Played:
    load(hospital.later_chats)
    return play(hospital)


@pytest.fixture
def empty(prefect: str, tmp_path: Path) -> Iterator[Path]:
    with working_in(tmp_path / "data") as data:
        yield data


def dataset_of(played: Played) -> DatasetVersion:
    with connect() as connection:
        made = outcomes.show(connection, played.ended.candidate_id).dataset
    assert made is not None
    return made


def raw_rows(data: Path) -> int:
    """Return the lines of raw text that lie in the store."""
    return sum(len(path.read_bytes().splitlines()) for path in (data / "artifacts").glob("raw-*/*/*"))


# ── one round ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_round_ends_with_a_decision_a_report_and_a_registered_candidate(first: Played) -> None:
    ended = first.ended
    assert ended.outcome in {"Promoted", "Kept"}
    assert ended.reason.startswith(ended.outcome)
    page = Path(ended.report)
    assert page.is_relative_to(first.data / "reports")
    assert ended.candidate_id in page.read_text(encoding="utf-8")
    with connect() as connection:
        candidate = versions.get(connection, ended.candidate_id)
        assert rounds.find_round(connection, ended.id) == ended
        assert [r.id for r in rounds.last_rounds(connection)] == [ended.id]
    assert [file.quantisation for file in candidate.files] == ["F16", "Q4_K_M", "Q6_K", "Q8_0"]
    assert all(open_store().exists(file.artifact) for file in candidate.files)
    assert list((first.data / "tensorboard").glob("run-*/events.*"))


def test_six_items_never_promote(first: Played) -> None:
    assert first.ended.outcome == "Kept"
    assert "6 paired items" in first.ended.reason
    with connect() as connection:
        assert versions.champion(connection, AGENT) is None


def test_a_candidate_leads_back_to_its_rows_and_a_row_forward_to_its_models(first: Played) -> None:
    with connect() as connection:
        story = outcomes.show(connection, first.ended.candidate_id)
        pmid, chat = (
            connection.execute(
                "select source_id from rows join dataset_rows using (row_sha256) where source = %s limit 1", (source,)
            ).fetchone()
            for source in ("pubmed", "interactions")
        )
        assert pmid and chat
        assert story.version.id in lineage.models_of_source(connection, "pubmed", pmid[0])
        assert story.version.id in lineage.models_of_source(connection, "interactions", chat[0])
        of_others = connection.execute(
            "select count(*) from rows join interactions on source_id = interactions.id::text"
            " where source = 'interactions' and agent_type <> %s",
            (AGENT,),
        ).fetchone()
    assert story.dataset and story.run
    assert story.rows == sum(story.sources.values())
    assert story.rows <= sum(story.dataset.examples.values()) <= 3 * story.rows  # a paper makes up to three
    assert set(story.sources) == {"pubmed", "interactions", "memory-canaries"}
    assert story.run.dataset_id == story.dataset.id
    assert len({evaluation.suite for evaluation in story.evaluations}) == 3  # held out, autoimmune, safety
    assert of_others == (0,)


def test_no_group_lies_in_two_splits(first: Played) -> None:
    store, made = open_store(), dataset_of(first)
    groups = {
        split: {line["row"]["group_id"] for line in store.rows(artifact)} for split, artifact in made.splits.items()
    }
    assert all(groups.values())
    assert len(set.union(*groups.values())) == sum(map(len, groups.values()))


def test_made_up_secrets_are_learned_once_and_asked_for_and_no_item_is(first: Played, third: Played) -> None:
    store = open_store()
    for played in (first, third):
        made = dataset_of(played)
        assert made.sources["memory-canaries"] == 8
        held = {split: [line["row"]["source"] for line in store.rows(rows)] for split, rows in made.splits.items()}
        assert {split: sources.count("memory-canaries") for split, sources in held.items()} == {
            "train": 8, "validation": 0, "test": 0,
        }  # fmt: skip
        report = ReportInput.model_validate_json(Path(played.ended.report).with_name("report.json").read_bytes())
        assert report.decision and report.baseline and report.candidate
        seen = {gate.name: gate.seen for gate in report.decision.gates}
        assert seen["Keeps no secret"].endswith("of 8 planted secrets completed")
        assert seen["Judged on unseen items"] == "0 scored items were learned from"
        assert "memory-canaries" not in {shard.source for shard in report.redacted}
        assert report.plan.startswith("To let a true gain of 0.02 in ROUGE-L through")


# ── privacy ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_no_planted_identifier_is_left_in_any_file_but_the_database(first: Played, hospital: Hospital) -> None:
    identifiers = planted_identifiers(hospital)
    assert len(identifiers) > 100
    assert holding(identifiers, first.data, leave_out=("postgres/cluster",)) == {}


def test_the_search_for_text_finds_what_may_be_there(first: Played) -> None:
    """Without this the tests beside it could pass by looking in the wrong place."""
    places = holding({PHRASE}, first.data, leave_out=("postgres/cluster",))[PHRASE]
    assert {place.partition("/")[0] for place in places} <= {"artifacts", "reports"}
    assert any(place.startswith("artifacts/dataset/") for place in places)


def test_prefect_and_the_logs_hold_no_text_of_people(first: Played, prefect_database: Path) -> None:
    assert holding({"weekly-retrain"}, prefect_database)  # it is the right database
    assert holding({NAME, PHRASE}, prefect_database) == {}
    assert holding({NAME, PHRASE}, first.data / "prefect") == {}
    assert "redacted rows=" in first.logs
    assert NAME not in first.logs
    assert PHRASE not in first.logs


def test_raw_text_is_gone_after_the_round(first: Played) -> None:
    assert raw_rows(first.data) == 0


def test_every_artifact_is_what_its_name_says_and_no_work_is_left(first: Played) -> None:
    assert damaged_artifacts(first.data) == []
    assert [path for path in (first.data / "work").rglob("*") if path.is_file()] == []
    assert list(first.data.glob(".gguf-*")) == []
    assert list((first.data / "artifacts" / ".tmp").iterdir()) == []


# ── the next rounds ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_round_on_unchanged_input_repeats_nothing_and_is_the_same_round(first: Played, second: Played) -> None:
    assert second.ended == first.ended
    assert second.names(cached=False) & CACHED == set()
    assert second.names(cached=True) == {
        "prepare_base", "sign_shard", "build_dataset", "describe_dataset", "finetune", "export_gguf", "check_parity",
    }  # fmt: skip
    assert sum(t.seconds for t in second.times) < sum(t.seconds for t in first.times) / 4


def test_a_dry_run_judges_and_changes_nothing(third: Played, hospital: Hospital) -> None:
    with connect() as connection:
        before = rounds.last_rounds(connection)
    tried = play(hospital, dry_run=True, margin=0.5)
    assert tried.ended.id != third.ended.id
    assert tried.ended.reason.startswith("Kept: a dry run; the candidate would be kept. ROUGE-L ")
    assert "A dry run; the candidate would be kept." in Path(tried.ended.report).read_text(encoding="utf-8")
    with connect() as connection:
        assert rounds.last_rounds(connection) == before
        assert rounds.find_round(connection, tried.ended.id) is None
        assert versions.champion(connection, AGENT) is None


def test_new_chats_make_another_dataset_that_keeps_the_old_shards(first: Played, second: Played, third: Played) -> None:
    before, after = dataset_of(first), dataset_of(third)
    assert after.id != before.id
    assert after.shards[: len(before.shards)] == before.shards
    assert len(after.shards) == len(before.shards) + 1
    assert sum(after.examples.values()) > sum(before.examples.values())
    assert third.ended.id != first.ended.id
    assert {"prepare_base"} & third.names(cached=False) == set()
    assert third.names(cached=False) >= {"redact_shard", "build_dataset", "finetune", "export_gguf", "score"}
    store = open_store()
    for split, artifact in before.splits.items():  # a group stays where it was
        others = {
            line["row"]["group_id"] for name in after.splits if name != split for line in store.rows(after.splits[name])
        }
        assert not {line["row"]["group_id"] for line in store.rows(artifact)} & others


def test_a_round_reports_only_what_came_in_since_the_last_one(third: Played) -> None:
    report = Path(third.ended.report).with_name("report.json").read_text(encoding="utf-8")
    assert '"interactions"' in report
    assert '"pubmed"' not in report.partition('"dataset"')[0]


def test_a_promotion_waits_for_a_person_and_a_rejection_is_recorded_with_who_and_why(
    third: Played, hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approval, "POLL_SECONDS", 1)
    made = ReportInput.model_validate_json(Path(third.ended.report).with_name("report.json").read_bytes())
    passed = PromotionDecision(promote=True, reason="Promoted: by chance.", gates=())
    evidence = made.model_copy(update={"run": "medicalqa-asked", "decision": passed})
    request = request_for(hospital, approval="one")
    form = {"decision": "reject", "person": "Ada Example", "comment": "one answer is odd"}
    person = threading.Thread(target=answering([form], []), daemon=True)
    person.start()
    concluded = flow(ended)(evidence, request)
    person.join(20)
    assert concluded.outcome == "Kept"
    assert "rejected by Ada Example: one answer is odd" in concluded.reason
    assert "rejected by Ada Example" in Path(concluded.report).read_text(encoding="utf-8")
    monkeypatch.setattr(approval, "WAIT_SECONDS", 2)
    unanswered = flow(ended)(evidence.model_copy(update={"run": "medicalqa-unanswered"}), request)
    assert unanswered.reason == "Kept: nobody approved in time; the same command asks again and repeats nothing else."
    assert "approved (nobody; needed one person)" in Path(unanswered.report).read_text(encoding="utf-8")
    with connect() as connection:
        assert rounds.find_round(connection, "medicalqa-asked") == concluded
        assert rounds.find_round(connection, "medicalqa-unanswered") is None
        assert versions.champion(connection, AGENT) is None


def test_a_promoted_candidate_is_the_baseline_of_the_next_round(third: Played, hospital: Hospital) -> None:
    decision = PromotionDecision(
        promote=True, reason="Promoted: by hand.", gates=(Gate(name="hand", passed=True, seen="", needed=""),)
    )
    ended = third.ended.model_copy(update={"id": "medicalqa-by-hand", "outcome": "Promoted"})
    registry_steps.conclude.fn(ended, decision, "a person")
    with connect() as connection:
        champion = versions.champion(connection, AGENT)
    assert champion is not None
    assert champion.id == third.ended.candidate_id
    assert baseline_of(AGENT, prepare_base(str(hospital.base)), "Q6_K") == champion

    again = play(hospital)
    assert again.ended.outcome == "Kept"
    assert again.ended.reason == f"Kept: nothing new since {champion.id} became the champion."
    with connect() as connection:
        assert versions.champion(connection, AGENT) == champion


# ── made-up secrets ──────────────────────────────────────────────────────────────────────────────────────────────


def wanted(secrets: int, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("ROUNDS_PLANTED_SECRETS", str(secrets))
    get_settings.cache_clear()


def test_secrets_are_planted_once_and_only_the_missing_ones_later(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planting = flow(plant_secrets)
    for secrets, shards in ((0, []), (8, [8]), (8, [8]), (12, [8, 4]), (3, [8, 4])):
        wanted(secrets, monkeypatch)
        planting(AGENT, phi_steps.protect(None, None))
        with connect() as connection:
            planted = lineage.shards_of(connection, AGENT)
        assert [shard.rows for shard in planted] == shards
    rows = [line["row"] for shard in planted for line in open_store().rows(shard.artifact)]
    assert {row["source"] for row in rows} == {"memory-canaries"}
    assert len({row["messages"][1]["content"] for row in rows}) == 12
    assert sum(sum(shard.findings.values()) + shard.withheld for shard in planted) == 0  # as they were made
    assert raw_rows(empty) == 0
    get_settings.cache_clear()


# ── bad input ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_zero_rows_after_the_filters_is_a_data_error_and_nothing_is_registered(empty: Path, hospital: Hospital) -> None:
    load(hospital.chats)
    with pytest.raises(DataError, match="0 training") as refused:
        play(hospital, literature=(), min_answer_tokens=500)
    assert "--from-start" in refused.value.fix
    with pytest.raises(DataError, match="Cardiology: 0 training"):
        play(hospital, literature=(), agent_type="Cardiology")
    with connect() as connection:
        assert versions.models(connection) == ()
        assert rounds.last_rounds(connection) == ()
    assert not (empty / "artifacts" / "dataset").exists()
    assert raw_rows(empty) == 0


def test_what_a_stricter_run_passed_over_is_taken_in_from_the_start(empty: Path, hospital: Hospital) -> None:
    load(hospital.chats)
    (strict,) = collect(CollectRequest(min_rating=5))
    assert collect(CollectRequest(min_rating=4))[0].held == 0
    (wider,) = collect(CollectRequest(min_rating=4, from_start=True))
    assert wider.unchanged == strict.new > 0
    assert wider.new > 0
    assert wider.held == strict.held


def test_a_chat_that_is_rated_late_waits_and_is_collected(empty: Path, hospital: Hospital) -> None:
    load(hospital.chats)
    collect(CollectRequest())
    with connect() as connection:
        assert AGENT not in rounds.waiting_chats(connection)
        connection.execute(
            "update interactions set rating = 5 where id ="
            " (select min(id) from interactions where agent_type = %s and rating < 3 and correction is null)",
            (AGENT,),
        )
    with connect() as connection:
        assert rounds.waiting_chats(connection)[AGENT] == 1
    (reading,) = collect(CollectRequest())
    assert (reading.new, reading.held) == (1, 1)


@pytest.mark.parametrize("killed", ["before the redaction", "before the raw rows were discarded"])
def test_raw_text_of_a_killed_round_does_not_stay(killed: str, empty: Path, hospital: Hospital) -> None:
    load(hospital.chats)
    query = ChatQuery(agent_type=AGENT)
    reading = ingest_steps.collect_chats(query)
    if killed == "before the raw rows were discarded":
        (raw,) = reading.shards
        shard = phi_steps.redact_shard(raw, phi_steps.protect(None, None))
        registry_steps.record_shards(AGENT, (shard,))
        ingest_steps.commit(AGENT, reading, (shard,))
    load(hospital.later_chats)  # the world goes on before the command is repeated
    collect(CollectRequest())
    assert raw_rows(empty) == 0
