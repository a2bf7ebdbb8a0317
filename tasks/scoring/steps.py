"""The scoring stage's steps: answer, score, compare, decide, report."""

from pathlib import Path

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.policies import progress, step
from tasks.records import Answers, Comparison, DatasetVersion, EvalResult, GgufFile, PromotionDecision, Suite
from tasks.scoring import gate
from tasks.scoring.answering import read_answers
from tasks.scoring.comparison import compare_answers
from tasks.scoring.metrics import score_answers
from tasks.scoring.report import save_report
from tasks.scoring.report_input import ReportInput
from tasks.scoring.suites import held_out_questionnaire, load_suite


@step()
def answer_suite(suite: Suite, gguf: GgufFile, max_tokens: int) -> Answers:
    """Answer a suite file through the GGUF that would be served; at most `max_tokens` tokens an answer."""
    from tasks.scoring import generation

    decoding = generation.Decoding(max_tokens=max_tokens)
    return generation.answer(
        load_suite(suite), gguf, decoding, store=open_store(), settings=get_settings(), on_progress=progress("answers")
    )


@step()
def answer_held_out(dataset: DatasetVersion, gguf: GgufFile, limit: int, max_tokens: int) -> Answers:
    """Answer at most `limit` examples of the dataset's test split through the GGUF that would be served."""
    from tasks.scoring import generation

    store = open_store()
    questionnaire = held_out_questionnaire(dataset, store.rows(dataset.splits["test"]), limit)
    decoding = generation.Decoding(max_tokens=max_tokens)
    return generation.answer(
        questionnaire, gguf, decoding, store=store, settings=get_settings(), on_progress=progress("answers")
    )


@step()
def score(answers: Answers) -> EvalResult:
    """Measure every answer against its reference."""
    return score_answers(answers, read_answers(open_store(), answers))


@step()
def compare(baseline: Answers, candidate: Answers) -> Comparison:
    """Compare two models' answers to the same items, pair by pair."""
    store = open_store()
    return compare_answers(baseline, candidate, read_answers(store, baseline), read_answers(store, candidate))


@step()
def decide(comparison: Comparison, candidate: EvalResult, rules: gate.GateRules) -> PromotionDecision:
    """Hold the comparison against the gates."""
    return gate.decide(comparison, candidate, rules)


@step(cached=False)
def write_report(report: ReportInput, folder: str) -> str:
    """Write `index.html` and `report.json` into `folder`, and return the page's path."""
    return str(save_report(report, open_store(), Path(folder)))
