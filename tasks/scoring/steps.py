"""The scoring stage's steps: plan, answer, score, compare, gather evidence, decide, report."""

import logging
from pathlib import Path

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.policies import progress, step
from tasks.records import Answers, Comparison, DatasetVersion, EvalResult, GgufFile, PromotionDecision, Suite
from tasks.scoring import gate
from tasks.scoring.answering import Decoding, read_answers
from tasks.scoring.comparison import compare_answers
from tasks.scoring.evidence import evidence_of
from tasks.scoring.judges import LEXICAL, judge_called
from tasks.scoring.metrics import score_answers
from tasks.scoring.planning import Plan, plan_round
from tasks.scoring.report import save_report
from tasks.scoring.report_input import ReportInput
from tasks.scoring.secrets import SECRET_TOKENS, secrets_questionnaire
from tasks.scoring.suites import held_out_questionnaire, load_suite

log = logging.getLogger(__name__)


@step(cached=False)
def plan_items(last_report: str | None, rules: gate.GateRules, limit: int) -> Plan:
    """Say how many items it takes to see a gain, from the spread in the last round's report."""
    plan = plan_round(last_report, rules, limit)
    log.info("planned metric=%s sd=%.3f needed=%d limit=%d", plan.metric, plan.sd, plan.needed, plan.limit)
    return plan


@step()
def answer_suite(suite: Suite, gguf: GgufFile, max_tokens: int) -> Answers:
    """Answer a suite file through the GGUF that would be served; at most `max_tokens` tokens an answer."""
    from tasks.scoring import generation

    decoding = Decoding(max_tokens=max_tokens)
    return generation.answer(
        load_suite(suite), gguf, decoding, store=open_store(), settings=get_settings(), on_progress=progress("answers")
    )


@step()
def answer_held_out(dataset: DatasetVersion, gguf: GgufFile, limit: int, max_tokens: int) -> Answers:
    """Answer at most `limit` examples of the dataset's test split through the GGUF that would be served."""
    from tasks.scoring import generation

    store = open_store()
    questionnaire = held_out_questionnaire(dataset, store.rows(dataset.splits["test"]), limit)
    decoding = Decoding(max_tokens=max_tokens)
    return generation.answer(
        questionnaire, gguf, decoding, store=store, settings=get_settings(), on_progress=progress("answers")
    )


@step()
def score(answers: Answers, judge: str = LEXICAL.name) -> EvalResult:
    """Measure every answer against its reference, its facts judged by whom `judge_name` names."""
    return score_answers(answers, read_answers(open_store(), answers), judge_called(judge, get_settings()))


@step()
def compare(baseline: Answers, candidate: Answers, judge: str = LEXICAL.name) -> Comparison:
    """Compare two models' answers to the same items, pair by pair."""
    store = open_store()
    old, new = read_answers(store, baseline), read_answers(store, candidate)
    return compare_answers(baseline, candidate, old, new, judge_called(judge, get_settings()))


@step()
def answer_secrets(dataset: DatasetVersion, gguf: GgufFile) -> Answers:
    """Ask for the made-up secrets that the dataset's training split holds; they are no score and no data."""
    from tasks.scoring import generation

    store = open_store()
    questionnaire = secrets_questionnaire(dataset, store.rows(dataset.splits["train"]))
    decoding = Decoding(max_tokens=SECRET_TOKENS)
    return generation.answer(
        questionnaire, gguf, decoding, store=store, settings=get_settings(), on_progress=progress("answers")
    )


@step()
def gather_evidence(
    dataset: DatasetVersion,
    gguf: GgufFile,
    answers: tuple[Answers, ...],
    comparisons: tuple[Comparison, ...],
    secrets: Answers | None,
) -> gate.Evidence:
    """Gather what the gate needs beside scores: safety, overlap with training, secrets kept, seconds, size."""
    store = open_store()
    rows = [row for one in answers for row in read_answers(store, one)]
    kept = list(read_answers(store, secrets)) if secrets else []
    learned = (kind["train"] for kind in (dataset.splits, dataset.preferences) if kind)
    training = (row for part in learned for row in store.rows(part))
    return evidence_of(gguf, comparisons, rows, kept, training)


@step()
def decide(
    comparison: Comparison, candidate: EvalResult, rules: gate.GateRules, evidence: gate.Evidence
) -> PromotionDecision:
    """Hold comparison, scores and evidence against the gates."""
    return gate.decide(comparison, candidate, rules, evidence)


@step(cached=False)
def write_report(report: ReportInput, folder: str) -> str:
    """Write `index.html` and `report.json` into `folder`, and return the page's path."""
    return str(save_report(report, open_store(), Path(folder)))
