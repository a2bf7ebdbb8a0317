import math

import pytest

from tasks.errors import EvaluationError
from tasks.records import Answers, Artifact
from tasks.scoring.answering import AnswerRow
from tasks.scoring.comparison import compare_answers, paired
from tests.tasks.scoring.sample_report import row


def answers(gguf: str, suite: str = "s") -> Answers:
    artifact = Artifact(key="k", sha256="c", bytes=0)
    return Answers(suite="s", suite_sha256=suite, gguf_sha256=gguf, artifact=artifact, items=2, seconds=0, tokens=0)


def test_differences_are_candidate_minus_baseline_by_item_whatever_the_order() -> None:
    old = [row("a", "one", "one two"), row("b", "one two", "one two")]
    new = [row("b", "", "one two"), row("a", "one two", "one two")]
    assert [[row.id for row in side] for side in paired(old, new)] == [["b", "a"], ["b", "a"]]
    comparison = compare_answers(answers("base"), answers("new"), old, new)
    assert (comparison.baseline_sha256, comparison.candidate_sha256) == ("base", "new")
    assert comparison.differences["rouge1"].value == pytest.approx(-1 / 3)
    assert comparison.differences["exact_match"].n == 2


def test_equal_answers_differ_by_nothing() -> None:
    rows = [row(name, "one two", "one two three") for name in "abc"]
    comparison = compare_answers(answers("base"), answers("new"), rows, rows)
    assert {(e.low, e.value, e.high) for e in comparison.differences.values()} == {(0.0, 0.0, 0.0)}


@pytest.mark.parametrize(("old", "new"), [("ab", "a"), ("a", "ab"), ("a", "b"), ("", "")])
def test_an_item_that_only_one_model_answered_is_refused(old: str, new: str) -> None:
    with pytest.raises(EvaluationError, match="only one of two"):
        paired([row(i, "x", "x") for i in old], [row(i, "x", "x") for i in new])


def test_answers_to_different_suites_are_refused() -> None:
    with pytest.raises(EvaluationError, match="different versions"):
        compare_answers(answers("base", "one"), answers("new", "two"), [], [])


def test_metrics_that_are_right_or_wrong_are_tested_by_their_discordant_items() -> None:
    old = [row(str(at), "one", "one two") for at in range(8)]
    new = [row(str(at), "one two" if at < 7 else "", "one two") for at in range(8)]
    comparison = compare_answers(answers("base"), answers("new"), old, new)
    assert comparison.right_wrong == {"exact_match": (0, 7)}
    # The exact p of 0 to 7, 2 / 2^7, times at most the number of metrics.
    assert 2 / 2**7 <= comparison.p_values["exact_match"] <= len(comparison.differences) * 2 / 2**7
    assert comparison.effects["exact_match"] == pytest.approx((7 / 8) / math.sqrt(8 / 7 * 7 / 64))


def test_items_of_one_patient_are_one_observation() -> None:
    old = [row(str(at), "one", "one two", group=f"patient {at // 8}") for at in range(16)]
    new = [row(str(at), "one two" if at < 8 else "one", "one two", group=f"patient {at // 8}") for at in range(16)]
    comparison = compare_answers(answers("base"), answers("new"), old, new)
    assert comparison.groups == 2
    assert comparison.differences["rouge1"].n == 16
    # As single items: 2 / 2^8 times the number of metrics, far below 1.
    assert comparison.p_values["rouge1"] == 1.0


def test_slices_tell_where_a_difference_comes_from() -> None:
    def rows(said: str) -> list[AnswerRow]:
        return [
            row(
                str(at), said if at % 2 else "one", "one two", source="pubmed" if at % 2 else "", agent_type="MedicalQA"
            )
            for at in range(6)
        ]

    comparison = compare_answers(answers("base"), answers("new"), rows(""), rows("one two"))
    assert [(part.by, part.value) for part in comparison.slices] == [("source", "pubmed")]
    assert (comparison.slices[0].difference.value, comparison.slices[0].difference.n) == (1.0, 3)


def test_metrics_of_a_part_of_the_items_are_compared_over_that_part() -> None:
    def rows(said: str) -> list[AnswerRow]:
        return [row(str(at), said, "yes", choice="yes" if at < 6 else "") for at in range(8)]

    comparison = compare_answers(answers("base"), answers("new"), rows("no"), rows("yes"))
    assert comparison.differences["choice"].n == 6
    assert comparison.differences["rouge1"].n == 8
    assert comparison.right_wrong["choice"] == (0, 6)
    assert comparison.p_values["choice"] <= 2 / 2**6 * len(comparison.differences)
    assert "grounded" not in comparison.differences
