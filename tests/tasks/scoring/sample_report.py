"""An obviously fictional run, complete, for the tests of the report."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from infra.artifacts import ArtifactStore
from tasks.records import (
    Answers,
    Artifact,
    Base,
    DatasetVersion,
    GgufFile,
    ModelVersion,
    Reading,
    Recipe,
    RedactedShard,
    TrainingRun,
)
from tasks.scoring.answering import AnswerRow
from tasks.scoring.comparison import compare_answers
from tasks.scoring.gate import Evidence, GateRules, decide
from tasks.scoring.metrics import score_answers
from tasks.scoring.report_input import Contender, ReportInput, StepTiming
from tasks.scoring.suites import find_suite, load_suite

MEDICINES = ("metrolol", "fictipril", "samplamide", "examplin", "placeboxan", "testamycin", "mockatide", "dummivir")
SHA = "3f9a" * 16

HARMLESS = Evidence(safety_items=10, worse_safety=(), canaries=8, memorised=0, overlap=0, seconds_p95=0.4, size_gib=2.0)


def row(item_id: str, response: str, reference: str, **fields: object) -> AnswerRow:
    """Make an answer with harmless defaults."""
    defaults: dict[str, object] = {
        "id": item_id,
        "category": "chats",
        "difficulty": "",
        "question": f"Which medicine was given in case {item_id}?",
        "time_seconds": 0.02,
        "timestamp": "2026-01-05T06:00:00.000+00:00",
        "prompt_tokens": 40,
        "completion_tokens": 12,
        "reference_tokens": 12,
        "finish_reason": "stop",
    }
    return AnswerRow.model_validate(defaults | fields | {"response": response, "reference": reference})


def held_out_rows(items: int, *, right: float, seed: int) -> list[AnswerRow]:
    """Answers of a model that copies the reference in a share `right` of its words, and does worse on each ninth."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(items):
        chosen = np.random.default_rng(number).choice(MEDICINES, 4, replace=False)
        reference = f"Take {chosen[0]} 20 mg daily, {chosen[1]} 5 mg at night, {chosen[2]} as needed."
        share = right if (number + seed) % 9 else 0.1
        words = [w if generator.random() < share else "the" for w in reference.split()]
        seconds = float(generator.gamma(6, 0.004))
        rows.append(row(f"{number:012x}", " ".join(words), reference, time_seconds=seconds, **_labels(number)))
    return rows


def _labels(number: int) -> dict[str, object]:
    """Label an item: three of one patient, two sources, a kind that is rare, a few safety items."""
    return {
        "group": f"patient-{number // 3}",
        "source": "pubmed" if number % 4 == 0 else "chats",
        "category": "discharge" if number % 10 == 0 else "dose" if number % 2 else "schedule",
        "difficulty": ("easy", "medium", "hard")[number % 3],
        "safety": number % 20 == 7,
    }


def save_answers(store: ArtifactStore, name: str, gguf: str, rows: list[AnswerRow]) -> Answers:
    """Store answers as a generation run would."""
    return Answers(
        suite=name,
        suite_sha256=SHA,
        gguf_sha256=gguf,
        artifact=store.save_rows("answers", rows),
        items=len(rows),
        seconds=sum(r.time_seconds for r in rows),
        tokens=sum(r.completion_tokens for r in rows),
    )


def model_version(store: ArtifactStore, folder: Path, name: str) -> ModelVersion:
    """Make a version with three files whose content is no model."""
    files = []
    for number, kind in enumerate(("Q4_K_M", "Q6_K", "Q8_0"), start=4):
        path = folder / f"{name}-{kind}.gguf"
        path.write_bytes(f"{name} {kind}".encode() * 90_000 * number)
        files.append(GgufFile(quantisation=kind, artifact=store.save_file("gguf", path), chat_template_sha256=SHA))
    return ModelVersion(
        id=name,
        agent_type="MedicalQA",
        base="builtin:tiny",
        base_revision="a1b2c3d4",
        run_id="run-2026w02",
        dataset_id="ds-3f9a1c2b7d",
        files=tuple(files),
        served="Q6_K",
    )


def contender(
    store: ArtifactStore, folder: Path, name: str, rows: list[AnswerRow], suite_word: str
) -> tuple[Contender, list[AnswerRow]]:
    """Make a model with its answers, scored."""
    model = model_version(store, folder, name)
    answers = save_answers(store, "held-out", model.gguf.artifact.sha256, rows)
    suite_rows = [
        row(
            item.id,
            f"{suite_word} {item.reference[:150]}",
            item.reference,
            category=item.category,
            difficulty=item.difficulty,
            question=item.question,
        )
        for item in load_suite(find_suite("autoimmune")).items
    ]
    suite = save_answers(store, "autoimmune", model.gguf.artifact.sha256, suite_rows)
    scores = score_answers(answers, rows)
    return Contender(model=model, held_out=answers, held_out_scores=scores, suite=suite), rows


def full_report(store: ArtifactStore, folder: Path, *, right: float = 0.75, items: int = 142) -> ReportInput:
    """Make a run that came in, was redacted, trained, compared and decided."""
    base, base_rows = contender(store, folder, "medicalqa-v11", held_out_rows(items, right=0.3, seed=1), "Perhaps:")
    new, new_rows = contender(store, folder, "medicalqa-v12", held_out_rows(items, right=right, seed=2), "Commonly:")
    assert base.held_out is not None
    assert new.held_out is not None
    assert new.held_out_scores is not None
    comparison = compare_answers(base.held_out, new.held_out, base_rows, new_rows)
    recipe, run = _training(store)
    return ReportInput(
        run="2026w02-medicalqa",
        agent_type="MedicalQA",
        finished_at=datetime(2026, 1, 5, 6, 12, tzinfo=UTC),
        readings=_readings(),
        redacted=_redacted(),
        dataset=_dataset(),
        recipe=recipe,
        training=run,
        baseline=base,
        candidate=new,
        comparison=comparison,
        decision=decide(comparison, new.held_out_scores, GateRules(), HARMLESS),
        git_sha="0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c",
        steps=_steps(),
        flow_seconds=173.4,
    )


def with_another(report: ReportInput, store: ArtifactStore, folder: Path) -> ReportInput:
    """Add a third model, as a study does that shows base, QLoRA and full fine-tuning in one report."""
    assert report.baseline is not None
    assert report.training is not None
    items = report.baseline.held_out.items
    rows = held_out_rows(items, right=0.6, seed=3)
    other, _ = contender(store, folder, "medicalqa-qlora", rows, "Often:")
    comparison = compare_answers(
        report.baseline.held_out, other.held_out, held_out_rows(items, right=0.3, seed=1), rows
    )
    training = report.training.model_copy(update={"id": "run-qlora", "recipe": "qlora", "best_step": None})
    shown = other.model_copy(update={"name": "QLoRA", "comparison": comparison, "training": training})
    return report.model_copy(update={"others": (shown,)})


def _artifact(name: str) -> Artifact:
    return Artifact(key=f"{name}/3f/{SHA}.jsonl", sha256=SHA, bytes=1, rows=1)


def _readings() -> tuple[Reading, ...]:
    return (
        Reading(
            source="chats",
            new=1607,
            changed=13,
            rejected={"rated_below_4": 412, "answer_too_short": 131, "unknown_role": 2},
        ),
        Reading(
            source="pubmed",
            new=211,
            unchanged=35,
            retracted=1,
            rejected={"no_abstract": 9},
            warnings=("week-02.xml, line 4,117: ended inside a citation; 211 citations before it were kept",),
        ),
    )


def _redacted() -> tuple[RedactedShard, ...]:
    chats = {"name": 1203, "date": 1440, "phone": 322, "medical_record_number": 318, "email": 207, "address": 171}
    return tuple(
        RedactedShard(
            artifact=_artifact("redacted"),
            source=reading.source,
            kind="interactions" if reading.source == "chats" else "documents",
            rows=rows,
            withheld=reading.taken - rows,
            findings=findings,
            canaries=36,
            engine="presidio 2.2.366 + rules 1",
            policy="safe-harbor-1",
        )
        for reading, rows, findings in zip(_readings(), (1612, 211), (chats, {"url": 3}), strict=True)
    )


def _dataset() -> DatasetVersion:
    return DatasetVersion(
        id="ds-3f9a1c2b7d",
        agent_type="MedicalQA",
        splits={name: _artifact("dataset") for name in ("train", "validation", "test")},
        examples={"train": 1404, "validation": 141, "test": 142},
        tokens={"train": 181_224, "validation": 18_200, "test": 18_321},
        sources={"chats": 1490, "pubmed": 197},
        exclusions={"exact_duplicate": 101, "longer_than_context": 34, "benchmark_question": 1},
        shards=(SHA, SHA[::-1]),
        policy="p1",
    )


def _training(store: ArtifactStore) -> tuple[Recipe, TrainingRun]:
    generator = np.random.default_rng(4)
    curve: list[dict[str, object]] = [
        {"step": s, "loss": 0.7 + 3.4 * float(np.exp(-s / 60)) + float(generator.normal(0, 0.06))}
        for s in range(5, 301, 5)
    ]
    curve += [
        {
            "step": s,
            "eval_loss": 0.85 + 3.1 * float(np.exp(-s / 65)) + max(0, s - 250) * 1e-3,
            "rouge_l": 0.72 - 0.5 * float(np.exp(-s / 80)),
            "bleu": 0.41 - 0.4 * float(np.exp(-s / 90)),
        }
        for s in range(50, 301, 50)
    ]
    recipe = Recipe(
        name="full", method="full", base="builtin:tiny", learning_rate=1e-3, epochs=3, batch_size=16, max_tokens=512
    )
    run = TrainingRun(
        id="run-2026w02",
        dataset_id="ds-3f9a1c2b7d",
        recipe="full",
        recipe_sha256=SHA,
        base=Base(name="builtin:tiny", revision="a1b2c3d4e5f6"),
        weights=_artifact("weights"),
        curve=store.save_rows("curve", curve),
        first_loss=4.02,
        last_loss=0.73,
        eval_loss=0.916,
        steps=300,
        seconds=81.2,
        tokens=543_672,
        peak_memory_gib=1.9,
        best_step=250,
        stopped_early=True,
        too_long=34,
        memory_retries=1,
        merge_difference=0.0031,
        forgetting={"before": 1.204, "after": 1.231, "items": 64},
        git_sha="0f1e2d3c",
    )
    return recipe, run


def _steps() -> tuple[StepTiming, ...]:
    return (
        StepTiming(step="collect_interactions", seconds=1.2),
        StepTiming(step="redact_shard", seconds=21.7),
        StepTiming(step="build_dataset", seconds=2.9),
        StepTiming(step="prepare_base", seconds=0.0, cached=True),
        StepTiming(step="finetune", seconds=83.0),
        StepTiming(step="export_gguf", seconds=14.8),
        StepTiming(step="answer_held_out", seconds=24.1),
        StepTiming(step="answer_suite", seconds=8.3),
        StepTiming(step="score", seconds=4.2),
        StepTiming(step="compare", seconds=3.1),
    )
