import math

import pytest

from tasks.errors import EvaluationError
from tasks.records import Answers, Artifact
from tasks.scoring import metrics
from tasks.scoring.judges import Judge
from tasks.scoring.suites import Statement
from tests.tasks.scoring.sample_report import row

ANSWERS = Answers(
    suite="s",
    suite_sha256="a",
    gguf_sha256="b",
    artifact=Artifact(key="k", sha256="c", bytes=0),
    items=0,
    seconds=0,
    tokens=0,
)


@pytest.mark.parametrize(
    ("response", "reference", "expected"),
    [
        ("take one tablet daily", "take one tablet daily", 1),
        # One word fewer: all precisions 1 (effective order 3), brevity penalty exp(1 − 4/3).
        ("take one tablet", "take one tablet daily", math.exp(1 - 4 / 3)),
        # Two words of two, one pair of one: precisions 1 and 1, brevity exp(1 − 4/2).
        ("take one", "take one tablet daily", math.exp(-1)),
        # 3 of 4 words, 2 of 3 pairs, 1 of 2 triples, 0 of 1 quadruples smoothed to 1/2.
        ("take one tablet now", "take one tablet daily", (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25),
        ("", "take one tablet daily", 0),
    ],
)
def test_bleu_is_what_a_hand_computes(response: str, reference: str, expected: float) -> None:
    assert metrics.bleu(response, reference) == pytest.approx(expected, abs=1e-6)


def test_chrf_is_what_a_hand_computes() -> None:
    # "ab" against "ac": 1 of 2 letters, 0 of 1 pairs; no longer n-grams exist. P = R = (1/2 + 0) / 2.
    assert metrics.chrf("ab", "ac") == pytest.approx(0.25)
    assert metrics.chrf("ab", "ab") == pytest.approx(1)
    assert metrics.chrf("", "ab") == 0


@pytest.mark.parametrize(
    ("reason", "completion", "reference", "expected"),
    [("stop", 5, 50, 1), ("length", 96, 20, 0), ("length", 96, 95, 0), ("length", 96, 96, 1), ("length", 96, 400, 1)],
)
def test_a_cut_answer_counts_as_stopped_only_where_the_reference_is_as_long(
    reason: str, completion: int, reference: int, expected: float
) -> None:
    answer = row("a", "x", "x", finish_reason=reason, completion_tokens=completion, reference_tokens=reference)
    assert metrics.stopped(answer) == expected


def test_every_metric_that_applies_has_its_mean_and_items() -> None:
    rows = [
        row("a", "take one", "take one"),
        row("b", "", "take one", finish_reason="too_long", completion_tokens=0),
        row("c", "take one two three", "take one", finish_reason="length", reference_tokens=2),
    ]
    result = metrics.score_answers(ANSWERS, rows)
    of_parts = {"choice", "key_facts", "danger_free", "grounded", "right_abstention", "perplexity"}
    of_choices = {name for name in metrics.TITLES if name.startswith("choice_")}
    assert set(result.metrics) == set(metrics.TITLES) - of_parts - of_choices
    assert result.metrics["exact_match"].value == pytest.approx(1 / 3)
    assert result.metrics["answer_words"].value == 2
    assert (result.metrics["stop_rate"].value, result.metrics["stop_rate"].n) == (0.5, 2)
    assert result.metrics["rougeL"].n == 3
    assert (result.metrics["usable"].value, result.judged_by) == (pytest.approx(2 / 3), "lexical")
    with pytest.raises(EvaluationError, match="no answers"):
        metrics.score_answers(ANSWERS, [])


def test_metrics_of_a_part_of_the_items_are_means_over_that_part() -> None:
    fact = Statement(statement="Folic acid is given.", terms=(("folic acid",),))
    danger = Statement(statement="Methotrexate is taken daily.", terms=(("methotrexate",), ("daily",)))
    rows = [
        row("a", "Folic acid.", "r", key_facts=[fact, fact], dangers=[danger]),
        row("b", "Methotrexate daily.", "r", key_facts=[fact], dangers=[danger]),
        row("c", "yes", "r", choice="yes", choice_logprobs={"yes": math.log(0.8), "no": math.log(0.2)}),
        row("d", "It depends", "r", choice="no"),
        row("e", "20 mg for 3 days", "r", context="20 mg"),
        row("f", "Not mentioned.", "r", context="20 mg", answerable=False),
        row("g", "anything", "r", reference_logprob=-6.0, reference_tokens=2),
        row("h", "anything", "r", reference_logprob=-2.0, reference_tokens=2),
    ]
    scores = metrics.score_answers(ANSWERS, rows).metrics
    assert set(scores) == set(metrics.TITLES)
    expected = {
        "key_facts": (0.5, 2), "danger_free": (0.5, 2), "choice": (0.5, 2), "choice_readable": (0.5, 2),
        "choice_macro_f1": (0.5, 2), "choice_calibration_error": (0.2, 1), "grounded": (0.75, 2),
        "right_abstention": (1.0, 2), "perplexity": (math.exp(2), 2), "rougeL": (0.0, 8),
    }  # fmt: skip
    assert {name: (pytest.approx(scores[name].value), scores[name].n) for name in expected} == expected
    columns = metrics.per_item(rows)
    assert columns["choice"] == [None, None, 1.0, 0.0, None, None, None, None]


@pytest.mark.parametrize("said", ["", " \n", "<|im_end|>", "</s>", "...", "the dose of it is " * 12])
def test_an_empty_stopped_or_looping_answer_scores_0_and_is_flagged(said: str) -> None:
    asked = {"choice": "B", "choices": {"A": "x", "B": "y"}, "context": "c", "answerable": False}
    danger = Statement(statement="It is harmful.", terms=(("harm",),))
    silent = row("a", said, "the dose of it is high", dangers=[danger], key_facts=[danger], **asked)
    assert set(metrics.quality(silent).values()) == {0.0}
    scores = metrics.score_answers(ANSWERS, [silent]).metrics
    assert scores["usable"].value == 0
    assert all(math.isfinite(estimate.value) for estimate in scores.values())


def test_a_repetitive_list_is_an_answer() -> None:
    said = " ".join(f"Take {drug} 20 mg once daily by mouth." for drug in ("fictipril", "examplin", "mockatide"))
    assert metrics.usable(row("a", said, "r"))


def test_scores_over_groups_are_less_certain() -> None:
    rows = [row(str(at), "one" if at < 20 else "two", "one", group=f"patient {at // 10}") for at in range(40)]
    alone = [one.model_copy(update={"group": ""}) for one in rows]
    grouped, single = (metrics.score_answers(ANSWERS, some).metrics["rougeL"] for some in (rows, alone))
    assert grouped.value == single.value
    assert grouped.high - grouped.low > single.high - single.low


def test_another_judge_is_asked_and_named() -> None:
    fact = Statement(statement="Folic acid is given.", terms=(("folic acid",),))
    judge = Judge("generous", lambda statement, text: True, lambda statement, text: False)
    result = metrics.score_answers(ANSWERS, [row("a", "Rest.", "r", key_facts=[fact], dangers=[fact])], judge)
    assert (result.metrics["key_facts"].value, result.metrics["danger_free"].value, result.judged_by) == (
        1, 1, "generous",
    )  # fmt: skip
