from pathlib import Path

import pytest

from infra.artifacts import open_store
from tasks.errors import EvaluationError
from tasks.records import (
    Answers,
    CertifiedRow,
    DatasetVersion,
    Example,
    GgufFile,
    Message,
    PhiCertificate,
    PromotionDecision,
)
from tasks.scoring import steps
from tasks.scoring.gate import GateRules
from tasks.scoring.suites import find_suite
from tests.tasks.scoring.sample_report import full_report
from tests.tasks.scoring.tiny_gguf import write_tiny_gguf


def gguf(folder: Path, seed: int) -> GgufFile:
    path = folder / f"tiny-{seed}.gguf"
    write_tiny_gguf(path, context=512, seed=seed)
    return GgufFile(quantisation="F32", artifact=open_store().save_file("gguf", path), chat_template_sha256="t")


def dataset(examples: int) -> DatasetVersion:
    rows = []
    for number in range(examples):
        turns = (Message(role="user", content=f"Case {number}?"), Message(role="assistant", content=f"Rest {number}."))
        example = Example(messages=turns, source="chats", source_id=str(number), group_id=str(number))
        certificate = PhiCertificate(
            row_sha256=f"{number:064x}"[::-1],
            engine="e",
            policy="p",
            findings={},
            second_pass=0,
            canaries=320,
            canary_bound=0.02,
        )
        rows.append(CertifiedRow(row=example.model_dump(), certificate=certificate))
    return DatasetVersion(
        id="ds-tiny",
        agent_type="MedicalQA",
        splits={"test": open_store().save_rows("dataset", rows), "train": open_store().save_rows("dataset", [])},
        examples={"test": examples},
        tokens={},
        sources={},
        exclusions={},
        shards=(),
        policy="p",
    )


def decided(
    dataset: DatasetVersion, model: GgufFile, before: Answers, after: Answers, rules: GateRules
) -> PromotionDecision:
    """Judge as a round does, with what the candidate's answers show beside their scores."""
    comparison = steps.compare.fn(before, after)
    evidence = steps.gather_evidence.fn(dataset, model, (after,), (comparison,), None)
    return steps.decide.fn(comparison, steps.score.fn(after), rules, evidence)


def test_two_models_are_answered_scored_compared_and_decided(data_dir: Path, tmp_path: Path) -> None:
    base, candidate, held_out = gguf(tmp_path, 1), gguf(tmp_path, 2), dataset(8)
    before = steps.answer_held_out.fn(held_out, base, 6, 8)
    after = steps.answer_held_out.fn(held_out, candidate, 6, 8)
    assert (before.suite, before.items, before.suite_sha256) == ("held-out", 6, after.suite_sha256)
    decision = decided(held_out, candidate, before, after, GateRules())
    assert not decision.promote
    assert decision.gates[0].seen == "6 paired items of 6 groups"


def test_the_same_model_against_itself_is_kept(data_dir: Path, tmp_path: Path) -> None:
    model, held_out = gguf(tmp_path, 1), dataset(5)
    answers = steps.answer_held_out.fn(held_out, model, 5, 8)
    again = steps.answer_held_out.fn(held_out, model, 5, 8)
    decision = decided(held_out, model, answers, again, GateRules(min_items=1, min_groups=1))
    assert decision.reason.startswith("Kept: ROUGE-L did not move")


def test_the_built_in_suite_is_answered_and_does_not_mix_with_held_out_items(data_dir: Path, tmp_path: Path) -> None:
    model = gguf(tmp_path, 1)
    suite = steps.answer_suite.fn(find_suite("autoimmune"), model, 4)
    assert (suite.suite, suite.items) == ("autoimmune", 10)
    with pytest.raises(EvaluationError, match="different versions"):
        steps.compare.fn(suite, steps.answer_held_out.fn(dataset(2), model, 2, 4))


def test_the_report_lands_in_its_folder(data_dir: Path, tmp_path: Path) -> None:
    report = full_report(open_store(), tmp_path, items=12)
    page = Path(steps.write_report.fn(report, str(data_dir / "reports" / report.run)))
    assert page == data_dir / "reports" / "2026w02-medicalqa" / "index.html"
    assert page.is_file()
