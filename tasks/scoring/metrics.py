"""Every metric of an answer and of a set of answers, with intervals over groups of items.

Nearness to a reference: ROUGE has the values of Google's rouge-score with Porter stemming, BLEU and chrF are
sacrebleu's sentence scores, token F1 is SQuAD's. Overlap with a reference is not medical correctness: a right answer
in other words scores low, and a wrong dose high. Key facts, dangers, grounding, choices and abstention look at what
is said, and apply only to the items that ask for it; each is a mean over those items alone. All are from 0 to 1, more
is better.
"""

from collections.abc import Iterable, Sequence

from sacrebleu.metrics import BLEU, CHRF

from tasks.errors import EvaluationError
from tasks.records import Answers, Estimate, EvalResult
from tasks.scoring.abstention import right_abstention
from tasks.scoring.answering import AnswerRow
from tasks.scoring.bootstrap import mean_intervals
from tasks.scoring.choices import calibration_error, chooses_right, confidences, macro_f1, read_choice
from tasks.scoring.derived import Column, per_part
from tasks.scoring.grounding import grounded_share
from tasks.scoring.judges import LEXICAL, Judge
from tasks.scoring.perplexity import perplexity
from tasks.scoring.rouge import rouge
from tasks.scoring.speed import speed
from tasks.scoring.statements import danger_hits, key_fact_coverage
from tasks.scoring.wording import answer_words, exact_match, is_empty, loops, repetition, token_f1

PRIMARY = "rougeL"
TITLES = {
    "rouge1": "ROUGE-1",
    "rouge2": "ROUGE-2",
    "rougeL": "ROUGE-L",
    "rougeLsum": "ROUGE-Lsum",
    "bleu": "BLEU",
    "chrf": "chrF",
    "exact_match": "Exact match",
    "token_f1": "Token F1",
    "choice": "Right choice",
    "key_facts": "Key facts said",
    "danger_free": "Says nothing dangerous",
    "grounded": "Stands in the context",
    "right_abstention": "Abstains rightly",
    "choice_macro_f1": "Choices, macro F1",
    "choice_readable": "Choices that can be read",
    "choice_calibration_error": "Calibration error of choices",
    "usable": "Is an answer",
    "stop_rate": "Stops by itself",
    "answer_words": "Words per answer",
    "repetition": "Repeated runs of words",
    "perplexity": "Perplexity of references",
    "seconds_p50": "Seconds, median",
    "seconds_p95": "Seconds, 95 % within",
    "tokens_per_second": "Tokens per second",
}
QUALITY = (
    *("rouge1", "rouge2", "rougeL", "rougeLsum", "bleu", "chrf", "exact_match", "token_f1"),
    *("choice", "key_facts", "danger_free", "grounded", "right_abstention"),
)
RIGHT_OR_WRONG = ("exact_match", "choice", "danger_free", "right_abstention")
"""0 or 1 an item: compared by the items that only one model got right."""

# One object each: sacrebleu rebuilds its tokeniser per call of the convenience functions, 2.4 times the time.
_BLEU = BLEU(effective_order=True)
_CHRF = CHRF()


def bleu(response: str, reference: str) -> float:
    """Return sentence BLEU (0-1) with effective order: a two-word answer is not refused for having no 4-grams."""
    return float(_BLEU.sentence_score(response, [reference]).score) / 100


def chrf(response: str, reference: str) -> float:
    """Return chrF2 (0-1): F of character 1- to 6-grams, recall weighted twice."""
    return float(_CHRF.sentence_score(response, [reference]).score) / 100


def stopped(row: AnswerRow) -> float:
    """Return 1 if the model ended its answer itself, or was cut where the reference is as long; else 0.

    Without the second case a model that learned long answers would be blamed for the limit it was given.
    """
    excused = row.finish_reason == "length" and row.reference_tokens >= row.completion_tokens
    return float(row.finish_reason == "stop" or excused)


def usable(row: AnswerRow) -> bool:
    """Say whether there is an answer: not an empty one, a stop token alone, or a loop."""
    return not is_empty(row.response) and not loops(row.response)


def quality(row: AnswerRow, judge: Judge = LEXICAL) -> dict[str, float]:
    """Return those metrics of `QUALITY` (0-1, more is better) that apply to the item; all 0 if there is no answer."""
    if not usable(row):
        return dict.fromkeys(_applying(row), 0.0)
    said, given = row.response, f"{row.context}\n{row.question}"
    measured = rouge(said, row.reference) | {
        "bleu": bleu(said, row.reference),
        "chrf": chrf(said, row.reference),
        "exact_match": exact_match(said, row.reference),
        "token_f1": token_f1(said, row.reference),
    }
    applying = _applying(row)
    if "choice" in applying:
        measured["choice"] = float(chooses_right(row, said))
    if "key_facts" in applying:
        measured["key_facts"] = key_fact_coverage(row.key_facts, said, judge.states)
    if "danger_free" in applying:
        measured["danger_free"] = float(not danger_hits(row.dangers, said, judge.endorses))
    if "grounded" in applying:
        measured["grounded"] = grounded_share(said, given)
    if "right_abstention" in applying:
        measured["right_abstention"] = right_abstention(said, answerable=row.answerable)
    return measured


def per_item(rows: Sequence[AnswerRow], judge: Judge = LEXICAL) -> dict[str, list[float | None]]:
    """Return the quality metrics as columns: metric → one value a row, in the rows' order.

    None stands where a metric does not apply to an item, whatever was answered; a metric that applies to no item has
    no column.
    """
    scored = [quality(row, judge) for row in rows]
    return {
        name: [values.get(name) for values in scored] for name in QUALITY if any(name in values for values in scored)
    }


def score_answers(answers: Answers, rows: Iterable[AnswerRow], judge: Judge = LEXICAL) -> EvalResult:
    """Return every metric of one model on one suite with its interval.

    An item whose prompt did not fit the context was never asked: it scores 0 for quality and is left out of the stop
    rate, of speed and of repetition.

    Raises:
        EvaluationError: there are no rows.
    """
    listed = list(rows)
    if not listed:
        raise EvaluationError(f"Suite {answers.suite} has no answers.", fix="answer it again.")
    groups = [row.group or row.id for row in listed]
    asked = [row.finish_reason != "too_long" for row in listed]
    columns: dict[str, Column] = {
        **per_item(listed, judge),
        "usable": [float(usable(row)) for row in listed],
        "answer_words": [answer_words(row.response) for row in listed],
        "repetition": [repetition(row.response) if was else None for row, was in zip(listed, asked, strict=True)],
        "stop_rate": [stopped(row) if was else None for row, was in zip(listed, asked, strict=True)],
    }
    metrics: dict[str, Estimate] = per_part(mean_intervals, columns, groups)
    if not any(asked):
        metrics["stop_rate"] = Estimate(value=0.0, low=0.0, high=0.0, n=0)
    return EvalResult(
        suite=answers.suite,
        suite_sha256=answers.suite_sha256,
        gguf_sha256=answers.gguf_sha256,
        answers=answers.artifact,
        metrics=metrics | _of_choices(listed) | _of_references(listed) | speed(listed, groups),
        judged_by=judge.name,
    )


def _applying(row: AnswerRow) -> tuple[str, ...]:
    """Return the metrics of `QUALITY` that the item, not the answer, asks for."""
    asks = {
        "choice": bool(row.choice),
        "key_facts": bool(row.key_facts),
        "danger_free": bool(row.dangers),
        "grounded": bool(row.context),
        "right_abstention": bool(row.context) or not row.answerable,
    }
    return tuple(name for name in QUALITY if asks.get(name, True))


def _of_choices(rows: Sequence[AnswerRow]) -> dict[str, Estimate]:
    """Return how well choices were read, told apart and, where options have probabilities, believed in rightly."""
    asked = [row for row in rows if row.choice]
    if not asked:
        return {}
    groups = [row.group or row.id for row in asked]
    chosen = [read_choice(row.response, row.choices) for row in asked]
    right = [row.choice.casefold() for row in asked]
    readable = mean_intervals({"choice_readable": [float(bool(letter)) for letter in chosen]}, groups)
    measured = readable | {"choice_macro_f1": macro_f1(right, [letter.casefold() for letter in chosen], groups)}
    weighed = [row for row in asked if row.choice_logprobs]
    if not weighed:
        return measured
    believed = [confidences(row.choice_logprobs) for row in weighed]
    favourite = [max(options, key=lambda option: options[option]) for options in believed]
    sure = [options[option] for options, option in zip(believed, favourite, strict=True)]
    hits = [option.casefold() == row.choice.casefold() for option, row in zip(favourite, weighed, strict=True)]
    return measured | {
        "choice_calibration_error": calibration_error(sure, hits, [row.group or row.id for row in weighed])
    }


def _of_references(rows: Sequence[AnswerRow]) -> dict[str, Estimate]:
    """Return the perplexity of the references whose probability is known; empty where none is."""
    known = [(row, row.reference_logprob) for row in rows if row.reference_logprob is not None and row.reference_tokens]
    if not known:
        return {}
    groups = [row.group or row.id for row, _ in known]
    return {"perplexity": perplexity([value for _, value in known], [r.reference_tokens for r, _ in known], groups)}
