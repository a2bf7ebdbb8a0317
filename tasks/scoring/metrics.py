"""How near an answer is to its reference: overlap of words and characters, exact match, length, stopping.

ROUGE is Google's rouge-score with Porter stemming, BLEU and chrF are sacrebleu's sentence scores, all from 0 to 1.
Overlap with a reference is not medical correctness: a right answer in other words scores low, and a wrong dose high.
"""

import re
import string
from collections.abc import Iterable, Sequence

from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

from tasks.errors import EvaluationError
from tasks.records import Answers, Estimate, EvalResult
from tasks.scoring.answering import AnswerRow
from tasks.scoring.bootstrap import mean_intervals

PRIMARY = "rougeL"
TITLES = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "bleu": "BLEU",
    "chrf": "chrF",
    "exact_match": "Exact match",
    "stop_rate": "Stops by itself",
    "answer_words": "Words per answer",
}
QUALITY = ("rouge1", "rouge2", "rougeL", "bleu", "chrf", "exact_match")

# One object each: sacrebleu rebuilds its tokeniser per call of the convenience functions, 2.4 times the time.
_ROUGE = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)
_BLEU = BLEU(effective_order=True)
_CHRF = CHRF()
_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")


def rouge(response: str, reference: str) -> dict[str, float]:
    """Return the F measures of ROUGE-1, ROUGE-2 and ROUGE-L (0-1) over stemmed words."""
    return {name: float(score.fmeasure) for name, score in _ROUGE.score(reference, response).items()}


def bleu(response: str, reference: str) -> float:
    """Return sentence BLEU (0-1) with effective order: a two-word answer is not refused for having no 4-grams."""
    return float(_BLEU.sentence_score(response, [reference]).score) / 100


def chrf(response: str, reference: str) -> float:
    """Return chrF2 (0-1): F of character 1- to 6-grams, recall weighted twice."""
    return float(_CHRF.sentence_score(response, [reference]).score) / 100


def exact_match(response: str, reference: str) -> float:
    """Return 1 if both are the same words in the same order; case, punctuation and spacing do not count."""
    return float(_words(response) == _words(reference))


def answer_words(response: str) -> float:
    """Return the number of words between white space."""
    return float(len(response.split()))


def stopped(row: AnswerRow) -> float:
    """Return 1 if the model ended its answer itself, or was cut where the reference is as long; else 0.

    Without the second case a model that learned long answers would be blamed for the limit it was given.
    """
    excused = row.finish_reason == "length" and row.reference_tokens >= row.completion_tokens
    return float(row.finish_reason == "stop" or excused)


def quality(row: AnswerRow) -> dict[str, float]:
    """Return the metrics of `QUALITY` (0-1, more is better) for one answer."""
    return rouge(row.response, row.reference) | {
        "bleu": bleu(row.response, row.reference),
        "chrf": chrf(row.response, row.reference),
        "exact_match": exact_match(row.response, row.reference),
    }


def per_item(rows: Sequence[AnswerRow]) -> dict[str, list[float]]:
    """Return the quality metrics as columns: metric → one value a row, in the rows' order."""
    scored = [quality(row) for row in rows]
    return {name: [values[name] for values in scored] for name in QUALITY}


def score_answers(answers: Answers, rows: Iterable[AnswerRow]) -> EvalResult:
    """Return every metric of one model on one suite with its interval.

    An item whose prompt did not fit the context was never asked: it scores 0 for quality and is left out of the
    stop rate.

    Raises:
        EvaluationError: there are no rows.
    """
    listed = list(rows)
    if not listed:
        raise EvaluationError(f"Suite {answers.suite} has no answers.", fix="answer it again.")
    columns = per_item(listed) | {"answer_words": [answer_words(row.response) for row in listed]}
    asked = [stopped(row) for row in listed if row.finish_reason != "too_long"]
    metrics: dict[str, Estimate] = mean_intervals(columns) | mean_intervals({"stop_rate": asked or [0.0]})
    return EvalResult(
        suite=answers.suite,
        suite_sha256=answers.suite_sha256,
        gguf_sha256=answers.gguf_sha256,
        answers=answers.artifact,
        metrics=metrics,
    )


def _words(text: str) -> list[str]:
    return _PUNCTUATION.sub(" ", text.casefold()).split()
