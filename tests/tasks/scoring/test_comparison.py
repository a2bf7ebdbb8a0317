import pytest

from tasks.errors import EvaluationError
from tasks.records import Answers, Artifact
from tasks.scoring.comparison import compare_answers, paired_differences
from tests.tasks.scoring.sample_report import row


def answers(gguf: str, suite: str = "s") -> Answers:
    artifact = Artifact(key="k", sha256="c", bytes=0)
    return Answers(suite="s", suite_sha256=suite, gguf_sha256=gguf, artifact=artifact, items=2, seconds=0, tokens=0)


def test_differences_are_candidate_minus_baseline_by_item_whatever_the_order() -> None:
    old = [row("a", "one", "one two"), row("b", "one two", "one two")]
    new = [row("b", "", "one two"), row("a", "one two", "one two")]
    columns = paired_differences(old, new)
    assert columns["exact_match"] == [-1, 1]
    assert columns["rouge1"] == pytest.approx([-1, 1 - 2 / 3])
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
        paired_differences([row(i, "x", "x") for i in old], [row(i, "x", "x") for i in new])


def test_answers_to_different_suites_are_refused() -> None:
    with pytest.raises(EvaluationError, match="different versions"):
        compare_answers(answers("base", "one"), answers("new", "two"), [], [])
