import pytest
from pydantic import ValidationError

from tasks.dataset.curation import policy_digest
from tasks.dataset.mixing import Candidate, left_out, unknown_weights
from tasks.records import CurationPolicy, Mix

KEY = b"a key for tests"


def mix(**fields: object) -> Mix:
    return Mix.model_validate(fields)


def candidates(count: int = 2000) -> list[Candidate]:
    sources = ("pubmed", "interactions")
    return [Candidate(f"content {n}", sources[n % 2], "MedicalQA", 10, earlier=n % 4 < 2) for n in range(count)]


def kept(mixed: Mix, of: list[Candidate] | None = None) -> set[str]:
    of = of or candidates()
    out = dict(left_out(of, mixed, KEY))
    return {one.content for place, one in enumerate(of) if place not in out}


def test_without_weights_and_budget_everything_is_kept() -> None:
    assert list(left_out(candidates(), mix(), KEY)) == []


def test_a_weight_is_the_share_of_a_source_that_is_kept() -> None:
    out = list(left_out(candidates(), mix(source_weights={"pubmed": 0.25}), KEY))
    assert {reason for _, reason in out} == {"left out by its weight"}
    assert all(place % 2 == 0 for place, _ in out)
    assert len(out) == pytest.approx(750, abs=45)


def test_a_smaller_weight_keeps_a_part_of_what_a_larger_one_keeps() -> None:
    shares = [kept(mix(agent_weights={"MedicalQA": weight})) for weight in (0, 0.2, 0.5, 1)]
    assert shares[0] == set()
    assert shares[1] < shares[2] < shares[3]


def test_more_rows_change_nothing_for_those_that_were_there() -> None:
    mixed = mix(source_weights={"pubmed": 0.3})
    assert kept(mixed, candidates(1000)) == kept(mixed) & {one.content for one in candidates(1000)}


def test_replay_thins_what_earlier_rounds_have_learned_from() -> None:
    out = list(left_out(candidates(), mix(replay_share=0.1), KEY))
    assert {reason for _, reason in out} == {"not replayed"}
    assert all(place % 4 < 2 for place, _ in out)
    assert len(out) == pytest.approx(900, abs=30)


def test_a_budget_is_filled_in_proportion_to_the_weights() -> None:
    of = candidates()
    chosen = kept(mix(source_weights={"pubmed": 3}, token_budget=4000), of)
    assert len(chosen) == 400
    pubmed = sum(one.source == "pubmed" for one in of if one.content in chosen)
    assert pubmed == pytest.approx(300, abs=30)


@pytest.mark.parametrize(
    "fields",
    [
        {"source_weights": {"pubmed": -1}},
        {"source_weights": {"pubmed": float("nan")}},
        {"agent_weights": {"MedicalQA": float("inf")}},
        {"replay_share": 1.5},
        {"token_budget": 0},
    ],
)
def test_a_mix_that_cannot_be_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        mix(**fields)


def test_the_mix_is_part_of_the_policys_name() -> None:
    mixes = [mix(), mix(source_weights={"pubmed": 2}), mix(replay_share=0.5), mix(token_budget=5)]
    assert len({policy_digest(CurationPolicy(agent_type="MedicalQA", mix=one)) for one in mixes}) == 4


def test_weights_of_what_is_not_there_are_told() -> None:
    mixed = mix(source_weights={"pubmed": 1, "pubmde": 2}, agent_weights={"Coach": 1})
    assert unknown_weights(candidates(), mixed) == ("pubmde", "Coach")
