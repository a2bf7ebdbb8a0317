"""The registry against a real PostgreSQL: what is written once, who is champion, and the way back to rows."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from infra.artifacts import ArtifactStore, open_store
from infra.database import connect
from infra.settings import get_settings
from tasks.errors import RegistryError
from tasks.records import (
    Artifact,
    Base,
    CertifiedRow,
    DatasetVersion,
    Estimate,
    EvalResult,
    Gate,
    GgufFile,
    ModelVersion,
    PhiCertificate,
    PromotionDecision,
    RedactedShard,
    Round,
    RowKind,
    TrainingRun,
    row_sha256,
)
from tasks.registry import lineage, outcomes, retractions, steps, versions

TABLES = (
    "shards, rows, datasets, dataset_rows, runs, model_versions, stage_changes",
    "evaluations, decisions, weekly_runs, audit, source_records, withdrawals",
)


@pytest.fixture(scope="module")
def _data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One embedded server for the module; starting it takes longer than all the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ROUNDS_DATA_DIR", str(tmp_path_factory.mktemp("registry")))
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


@pytest.fixture
def store(_data: None) -> Iterator[ArtifactStore]:
    yield open_store()
    with connect() as conn:
        conn.execute(f"truncate {', '.join(TABLES)} restart identity cascade")


def count(table: str) -> int:
    with connect() as conn:
        found = conn.execute(f"select count(*) from {table}").fetchone()
    assert found is not None
    return int(found[0])


def certified(row: dict[str, Any], *, derived_from: str = "") -> CertifiedRow:
    certificate = PhiCertificate(
        row_sha256=row_sha256(row),
        derived_from=derived_from,
        engine="e1",
        policy="p1",
        findings={},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=row, certificate=certificate)


def shard(store: ArtifactStore, kind: RowKind, *rows: dict[str, Any]) -> RedactedShard:
    saved = store.save_rows("redacted", [certified(row) for row in rows])
    return RedactedShard(
        artifact=saved,
        source="interactions" if kind == "interactions" else "pubmed",
        kind=kind,
        rows=len(rows),
        findings={},
        canaries=3,
        engine="e1",
        policy="p1",
    )


def document(pmid: str) -> dict[str, Any]:
    return {"source": "pubmed", "source_id": pmid, "title": "On sleep", "sections": []}


def interaction(number: int) -> dict[str, Any]:
    return {"id": str(number), "conversation_id": "c-1", "subject_key": "s-9", "messages": []}


def example(pmid: str) -> dict[str, Any]:
    return {"source": "pubmed", "source_id": pmid, "group_id": f"pubmed:{pmid}", "subject_key": "", "messages": []}


def dataset(store: ArtifactStore, *made_of: dict[str, Any]) -> DatasetVersion:
    rows = [certified(example(row["source_id"]), derived_from=row_sha256(row)) for row in made_of]
    return DatasetVersion(
        id="ds-1",
        agent_type="MedicalQA",
        splits={"train": store.save_rows("dataset", rows)},
        examples={"train": len(rows)},
        tokens={"train": 40},
        sources={"pubmed": len(rows)},
        exclusions={},
        shards=(),
        policy="p1",
    )


def artifact(name: str) -> Artifact:
    return Artifact(key=f"gguf/{name}", sha256=name, bytes=1)


def training_run() -> TrainingRun:
    return TrainingRun(
        id="run-1",
        dataset_id="ds-1",
        recipe="qlora-tiny",
        recipe_sha256="r1",
        base=Base(name="builtin:tiny", revision="t1"),
        weights=artifact("weights"),
        curve=artifact("curve"),
        first_loss=3.0,
        last_loss=1.0,
        eval_loss=None,
        steps=10,
        seconds=2.0,
        tokens=400,
        peak_memory_gib=1.0,
        git_sha="abc",
    )


def model(model_id: str, *, agent: str = "MedicalQA", sha256: str | None = None) -> ModelVersion:
    file = GgufFile(quantisation="Q6_K", artifact=artifact(sha256 or f"file-{model_id}"), chat_template_sha256="t")
    return ModelVersion(
        id=model_id,
        agent_type=agent,
        base="builtin:tiny",
        base_revision="t1",
        run_id="run-1",
        dataset_id="ds-1",
        files=(file,),
        served="Q6_K",
    )


def register(*ids: str, agent: str = "MedicalQA") -> None:
    for model_id in ids:
        steps.register.fn(model(model_id, agent=agent))


def promote(model_id: str, replaces: str | None) -> ModelVersion:
    return steps.promote.fn(model_id, replaces=replaces, reason="better", actor="ada")


def champion_id(agent: str = "MedicalQA") -> str | None:
    found = steps.champion.fn(agent)
    return found.id if found else None


# ── shards, datasets, runs ───────────────────────────────────────────────────────────────────────────────────────


def test_shards_come_back_in_the_order_in_which_they_were_recorded(store: ArtifactStore) -> None:
    shards = tuple(shard(store, "documents", document(str(n))) for n in range(5))
    steps.record_shards.fn("MedicalQA", shards)
    assert steps.list_shards.fn("MedicalQA") == shards
    assert steps.list_shards.fn("Billing") == ()


def test_shard_redacted_again_takes_the_place_of_the_old_one(store: ArtifactStore) -> None:
    first, old, last = (shard(store, "documents", document(str(n))) for n in range(3))
    steps.record_shards.fn("MedicalQA", (first, old, last))
    new = shard(store, "documents", {**document("1"), "title": "On [REDACTED-NAME]"})
    steps.replace_shard.fn("MedicalQA", old, new)
    assert steps.list_shards.fn("MedicalQA") == (first, new, last)
    steps.replace_shard.fn("MedicalQA", old, new)  # a killed run repeats it
    assert steps.list_shards.fn("MedicalQA") == (first, new, last)
    steps.replace_shard.fn("MedicalQA", new, old)  # back to the older rules
    assert steps.list_shards.fn("MedicalQA") == (first, old, last)
    assert steps.list_shards.fn("Clinical") == ()


def test_the_earlier_dataset_is_that_of_the_last_round_that_learned_from_other_shards(store: ArtifactStore) -> None:
    def learn(number: int, *shards: str) -> None:
        made = dataset(store, document(str(number)))
        steps.record_dataset.fn(made.model_copy(update={"id": f"ds-{number}", "shards": shards}))
        steps.register.fn(model(f"m{number}").model_copy(update={"dataset_id": f"ds-{number}"}))
        ended = Round(
            id=f"r{number}", agent_type="MedicalQA", outcome="Kept", reason="a tie", candidate_id=f"m{number}",
            baseline_id="b", report="report.html",
        )  # fmt: skip
        steps.conclude.fn(ended, PromotionDecision(promote=False, reason="a tie", gates=()))

    def before(*shards: str, agent: str = "MedicalQA") -> str | None:
        found = steps.dataset_learned_before.fn(agent, shards)
        return found.id if found else None

    assert before("a") is None
    learn(1, "a")
    assert before("a", "b") == "ds-1"
    learn(2, "a", "b")
    assert before("a", "b") == "ds-1", "the round that is repeated"
    assert before("a", "b", "c") == "ds-2"
    assert before("a", "b", "c", agent="Clinical") is None


def learned_before(shards: tuple[str, ...]) -> tuple[str, ...]:
    """Return the shards of what the agent's last round but this one learned from, under their names of today."""
    found = steps.dataset_learned_before.fn("MedicalQA", shards)
    return tuple(sorted(found.shards)) if found else ()


def concluded(store: ArtifactStore, number: int, *shards: str) -> None:
    """Write down a round that learned from these shards."""
    made = dataset(store, document(str(number)))
    steps.record_dataset.fn(made.model_copy(update={"id": f"ds-{number}", "shards": shards}))
    steps.register.fn(model(f"m{number}").model_copy(update={"dataset_id": f"ds-{number}"}))
    ended = Round(
        id=f"r{number}", agent_type="MedicalQA", outcome="Kept", reason="a tie", candidate_id=f"m{number}",
        baseline_id="b", report="report.html",
    )  # fmt: skip
    steps.conclude.fn(ended, PromotionDecision(promote=False, reason="a tie", gates=()))


def test_the_order_of_shards_tells_nothing_of_what_was_learned(store: ArtifactStore) -> None:
    concluded(store, 1, "a")
    concluded(store, 2, "b", "a")
    assert learned_before(("a", "b")) == ("a",)
    assert learned_before(("c", "b", "a")) == ("a", "b")


def test_what_was_redacted_again_was_learned_from_all_the_same(store: ArtifactStore) -> None:
    old, last = (shard(store, "documents", document(str(n))) for n in range(2))
    steps.record_shards.fn("MedicalQA", (old, last))
    first, second = old.artifact.sha256, last.artifact.sha256
    concluded(store, 1, first)
    concluded(store, 2, first, second)
    names = first
    for title in ("On [REDACTED-NAME]", "On [REDACTED-NAME], again"):  # twice: the chain is followed to its end
        new = shard(store, "documents", {**document("0"), "title": title})
        steps.replace_shard.fn("MedicalQA", old, new)
        old, names = new, new.artifact.sha256
        assert learned_before((names, second)) == (names,), "the round that is repeated"
        assert learned_before((names, second, "new")) == tuple(sorted((names, second)))
    steps.record_shards.fn("Clinical", (old,))
    steps.replace_shard.fn("Clinical", old, last)  # another agent's copy is another matter
    assert learned_before((names, second, "new")) == tuple(sorted((names, second)))


def test_shards_that_only_some_rounds_learn_from_make_nothing_old(store: ArtifactStore) -> None:
    made = [shard(store, "documents", document(str(n))) for n in range(3)]
    low = made[2].model_copy(update={"source": "low-rated"})
    steps.record_shards.fn("MedicalQA", (*made[:2], low))
    first, second, rejected = (one.artifact.sha256 for one in made)

    def before(*shards: str) -> tuple[str, ...]:
        found = steps.dataset_learned_before.fn("MedicalQA", shards, "low-rated")
        return tuple(sorted(found.shards)) if found else ()

    concluded(store, 1, first)
    concluded(store, 2, first, second)
    assert before(first, second, rejected) == before(first, second) == (first,), "preferences of the same week"
    concluded(store, 3, first, second, rejected)
    assert before(first, second) == (first,), "examples again"
    assert before(first, second, "new") == tuple(sorted((first, second)))


def test_the_latest_dataset_is_shown_and_an_older_record_gets_its_card(store: ArtifactStore) -> None:
    with connect() as conn, pytest.raises(RegistryError, match="has no dataset yet"):
        lineage.latest_dataset(conn, "MedicalQA")
    first = dataset(store, document("1"))
    steps.record_dataset.fn(first)
    steps.record_dataset.fn(first.model_copy(update={"id": "ds-2", "agent_type": "Clinical"}))
    carded = first.model_copy(update={"card": artifact("card")})
    for given in (carded, first, carded.model_copy(update={"card": artifact("another")})):
        steps.record_dataset.fn(given)
        with connect() as conn:
            assert lineage.latest_dataset(conn, "MedicalQA") == carded
    assert count("dataset_rows") == 2


def test_recording_a_shard_again_changes_nothing(store: ArtifactStore) -> None:
    shards = (shard(store, "documents", document("1"), document("2")),)
    steps.record_shards.fn("MedicalQA", shards)
    steps.record_shards.fn("MedicalQA", shards)
    assert (count("shards"), count("rows")) == (1, 2)


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        ("documents", document("77"), ("pubmed", "77", "pubmed:77", "")),
        ("interactions", interaction(5), ("interactions", "5", "c-1", "s-9")),
        ("examples", example("78") | {"subject_key": "s-1"}, ("pubmed", "78", "pubmed:78", "s-1")),
    ],
)
def test_each_kind_of_row_is_indexed_by_its_origin(
    store: ArtifactStore, kind: RowKind, row: dict[str, Any], expected: tuple[str, ...]
) -> None:
    recorded = shard(store, kind, row, row)  # a repeated row is one row
    steps.record_shards.fn("MedicalQA", (recorded,))
    with connect() as conn:
        found = conn.execute("select row_sha256, shard_sha256, source, source_id, group_id, subject_key from rows")
        assert found.fetchall() == [(row_sha256(row), recorded.artifact.sha256, *expected)]


def test_a_shard_whose_rows_cannot_be_read_is_not_recorded_at_all(store: ArtifactStore) -> None:
    whole = shard(store, "documents", document("1"))
    broken = whole.model_copy(update={"kind": "interactions"})
    with pytest.raises(KeyError):
        steps.record_shards.fn("MedicalQA", (broken,))
    assert (count("shards"), count("rows")) == (0, 0)


def test_a_source_leads_to_every_model_that_learned_from_it_and_back(store: ArtifactStore) -> None:
    used, unused = document("1"), document("2")
    steps.record_shards.fn("MedicalQA", (shard(store, "documents", used, unused),))
    for _ in range(2):
        steps.record_dataset.fn(dataset(store, used))
        steps.record_run.fn(training_run())
    register("m-1")
    with connect() as conn:
        assert lineage.models_of_source(conn, "pubmed", "1") == ("m-1",)
        assert lineage.models_of_source(conn, "pubmed", "2") == ()
        story = outcomes.show(conn, "m-1")
    assert story.run == training_run()
    assert story.dataset == dataset(store, used)
    assert (story.rows, story.sources) == (1, {"pubmed": 1})


def test_a_preference_leads_back_to_each_of_the_two_rows_that_it_was_made_of(store: ArtifactStore) -> None:
    good, bad = interaction(1), interaction(2)
    pair = certified({"chosen": "a", "rejected": "b"}, derived_from=f"{row_sha256(good)} {row_sha256(bad)}")
    made = dataset(store).model_copy(update={"preferences": {"train": store.save_rows("preferences", [pair])}})
    with connect() as conn:
        lineage.record_shard(conn, "MedicalQA", shard(store, "interactions", good, bad), store)
        lineage.record_dataset(conn, made, store)
        lineage.record_run(conn, training_run())
    register("m-1")
    with connect() as conn:
        for number in "12":
            assert lineage.models_of_source(conn, "interactions", number) == ("m-1",)


# ── versions and stages ──────────────────────────────────────────────────────────────────────────────────────────


def test_registering_twice_keeps_one_version_in_its_present_stage(store: ArtifactStore) -> None:
    register("m-1")
    promote("m-1", None)
    assert steps.register.fn(model("m-1")).stage == "champion"
    assert count("model_versions") == 1


def test_an_id_cannot_be_registered_for_another_file(store: ArtifactStore) -> None:
    register("m-1")
    with pytest.raises(RegistryError, match="another file"):
        steps.register.fn(model("m-1", sha256="something else"))


def test_a_registered_version_claims_no_stage_of_its_own(store: ArtifactStore) -> None:
    assert steps.register.fn(model("m-1").model_copy(update={"stage": "champion"})).stage == "candidate"


def test_promotion_retires_the_champion_it_replaces_and_keeps_the_history(store: ArtifactStore) -> None:
    register("m-1", "m-2")
    promote("m-1", None)
    assert promote("m-2", "m-1").stage == "champion"
    with connect() as conn:
        story = outcomes.show(conn, "m-1")
        audited = conn.execute("select actor, action, subject, detail from audit order by id").fetchall()
    assert [(s.from_stage, s.to_stage) for s in story.history] == [
        (None, "candidate"),
        ("candidate", "champion"),
        ("champion", "retired"),
    ]
    assert audited[1] == ("ada", "promote", "m-2", {"replaces": "m-1", "reason": "better"})


@pytest.mark.parametrize(("candidate", "replaces"), [("m-3", None), ("m-3", "m-1"), ("m-2", "m-2"), ("m-3", "m-9")])
def test_promotion_against_another_champion_changes_nothing(
    store: ArtifactStore, candidate: str, replaces: str | None
) -> None:
    register("m-1", "m-2", "m-3")
    promote("m-1", None)
    promote("m-2", "m-1")
    before = (count("stage_changes"), count("audit"))
    with pytest.raises(RegistryError, match="champion"):
        promote(candidate, replaces)
    assert champion_id() == "m-2"
    assert (count("stage_changes"), count("audit")) == before


def test_each_agent_type_has_its_own_champion(store: ArtifactStore) -> None:
    register("m-1")
    register("b-1", agent="Billing")
    promote("m-1", None)
    promote("b-1", None)
    assert (champion_id(), champion_id("Billing"), champion_id("Clinical")) == ("m-1", "b-1", None)


@pytest.mark.parametrize("first", [None, "m-0"], ids=["no champion yet", "one to replace"])
def test_of_two_promotions_at_once_one_wins_and_the_other_is_told(store: ArtifactStore, first: str | None) -> None:
    register("m-0", "m-1", "m-2")
    if first:
        promote(first, None)
    start = threading.Barrier(2)

    def attempt(model_id: str) -> str:
        start.wait()
        try:
            return promote(model_id, first).id
        except RegistryError as error:
            return str(error)

    with ThreadPoolExecutor(2) as both:
        told = list(both.map(attempt, ["m-1", "m-2"]))
    winner = champion_id()
    assert winner in told
    assert sum("was to replace" in answer for answer in told) == 1
    assert count("model_versions where stage = 'champion'") == 1


def test_a_promotion_that_waited_for_another_is_told(store: ArtifactStore) -> None:
    """The interleaving that a race test meets only by luck: the second starts while the first is not committed."""
    register("m-0", "m-1", "m-2")
    promote("m-0", None)
    with ThreadPoolExecutor(1) as other, connect() as conn:
        versions.promote(conn, "m-1", replaces="m-0", reason="first", actor="ada")
        waiting = other.submit(promote, "m-2", "m-0")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.3)
        conn.commit()
        with pytest.raises(RegistryError, match="the champion is m-1"):
            waiting.result(timeout=10)
    assert champion_id() == "m-1"


def test_rolling_back_twice_goes_back_two_champions_and_then_no_further(store: ArtifactStore) -> None:
    register("m-1", "m-2", "m-3")
    for model_id, replaces in (("m-1", None), ("m-2", "m-1"), ("m-3", "m-2")):
        promote(model_id, replaces)
    assert steps.roll_back.fn("MedicalQA", reason="worse").id == "m-2"
    assert steps.roll_back.fn("MedicalQA", reason="worse").id == "m-1"
    with pytest.raises(RegistryError, match="no champion before m-1"):
        steps.roll_back.fn("MedicalQA", reason="worse")
    assert steps.roll_back.fn("MedicalQA", to="m-3", reason="it was right").id == "m-3"
    with connect() as conn:
        actions = conn.execute("select action from audit where action = 'roll_back'").fetchall()
    assert len(actions) == 3


def test_rolling_back_without_a_champion_is_refused(store: ArtifactStore) -> None:
    with pytest.raises(RegistryError, match="has no champion"):
        steps.roll_back.fn("Clinical", reason="worse")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("qa-2026w47-3f", "qa-2026w47-3f9a"),
        ("qa-2026w4", "2 models begin with"),
        ("qa-2026w37-3f9a", "did you mean"),
        ("zzz", "No model zzz"),
        ("", "No model"),
    ],
)
def test_a_model_is_found_by_the_beginning_of_its_id_or_near_ones_are_named(
    store: ArtifactStore, asked: str, expected: str
) -> None:
    register("qa-2026w47-3f9a", "qa-2026w48-77aa")
    with connect() as conn:
        try:
            answer = versions.get(conn, asked).id
        except RegistryError as error:
            answer = str(error)
    assert expected in answer


def test_models_are_listed_newest_first_by_agent_type(store: ArtifactStore) -> None:
    register("m-1", "m-2")
    register("b-1", agent="Billing")
    with connect() as conn:
        assert [m.id for m in versions.models(conn)] == ["b-1", "m-2", "m-1"]
        assert [m.id for m in versions.models(conn, "MedicalQA")] == ["m-2", "m-1"]


# ── outcomes ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_evaluation_is_shown_with_the_model_whose_file_was_scored(store: ArtifactStore) -> None:
    register("m-1", "m-2")
    result = EvalResult(
        suite="autoimmune",
        suite_sha256="s1",
        gguf_sha256="file-m-1",
        answers=artifact("answers"),
        metrics={"rouge_l": Estimate(value=0.5, low=0.4, high=0.6, n=10)},
    )
    for _ in range(2):
        steps.record_evaluation.fn(result)
    with connect() as conn:
        assert outcomes.show(conn, "m-1").evaluations == (result,)
        assert outcomes.show(conn, "m-2").evaluations == ()


@pytest.mark.parametrize("baseline", [None, "m-1"])
def test_a_repeated_decision_is_one_decision(store: ArtifactStore, baseline: str | None) -> None:
    gate = Gate(name="rouge_l", passed=False, seen="+0.01", needed="+0.02")
    decision = PromotionDecision(promote=False, reason="a tie is not a win", gates=(gate,))
    for _ in range(2):
        with connect() as conn:
            outcomes.record_decision(conn, "MedicalQA", "m-2", baseline, decision)
    assert count("decisions") == 1


def test_a_run_that_went_on_after_a_kill_keeps_its_last_outcome(store: ArtifactStore) -> None:
    with connect() as conn:
        outcomes.record_weekly_run(conn, "w-1", "MedicalQA", "failed", "", {"rows": 0})
        outcomes.record_weekly_run(conn, "w-1", "MedicalQA", "kept", "reports/w-1/index.html", {"rows": 12})
        found = conn.execute("select outcome, report, summary from weekly_runs").fetchall()
    assert found == [("kept", "reports/w-1/index.html", {"rows": 12})]


def test_ten_thousand_rows_are_indexed_in_a_second_or_two(store: ArtifactStore, tmp_path: Path) -> None:
    steps.record_shards.fn("MedicalQA", (shard(store, "interactions", *map(interaction, range(10_000))),))
    assert count("rows") == 10_000


# ── what is withdrawn ────────────────────────────────────────────────────────────────────────────────────────────


def withdraw(source: str, source_id: str, reason: str = "retracted") -> None:
    with connect() as conn:
        conn.execute(
            "insert into withdrawals (source, source_id, reason, notice) values (%s, %s, %s, 'n-1')",
            (source, source_id, reason),
        )


def test_a_paper_retracted_later_is_listed_with_every_dataset_and_model_that_contains_it(store: ArtifactStore) -> None:
    steps.record_shards.fn("MedicalQA", (shard(store, "documents", document("11"), document("12")),))
    steps.record_dataset.fn(dataset(store, document("11")))
    register("m-1")
    withdraw("pubmed", "11")
    withdraw("pubmed", "99")  # was never taken
    with connect() as conn:
        (found,) = retractions.retractions(conn)
    assert (found.source_id, found.reason, found.notice) == ("11", "retracted", "n-1")
    assert (found.datasets, found.models) == (("ds-1",), ("m-1, candidate",))


def test_the_rows_of_a_retracted_paper_are_found_by_any_of_its_names(store: ArtifactStore) -> None:
    known = shard(store, "documents", document("11"), document("12"), document("13"))
    steps.record_shards.fn("MedicalQA", (known,))
    rows = [line["certificate"]["row_sha256"] for line in store.rows(known.artifact)]
    with connect() as conn:
        conn.execute(
            "insert into source_records (source, source_id, agent_type, content, pmid, doi)"
            " values ('pubmed', '12', 'MedicalQA', '', '12', '10.5555/x'), ('pubmed', '13', 'MedicalQA', '', '', '')"
        )
    assert steps.withdrawn_rows.fn("MedicalQA") is None
    withdraw("doi", "10.5555/x")
    withdraw("pubmed", "11", "deleted")
    found = steps.withdrawn_rows.fn("MedicalQA")
    assert found is not None
    expected = {(rows[0], "deleted"), (rows[1], "retracted")}
    assert {(row["row_sha256"], row["reason"]) for row in store.rows(found)} == expected
    assert steps.withdrawn_rows.fn("Clinical") is None
