"""The harness is optional: what is said without it, how it is called, and its results file in its documented form."""

import importlib.util
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr

from tasks.errors import EvaluationError
from tasks.scoring.endpoints import Endpoint
from tasks.scoring.lm_harness import command, read_results, run

SERVED = Endpoint(kind="openai", url="http://127.0.0.1:8080/v1", model="medicalqa", key=SecretStr("sk-fictional"))
# The form of a file that lm-eval 0.4.9 leaves, shortened; the numbers are made up.
RESULTS = {
    "results": {
        "gsm8k": {
            "alias": "gsm8k",
            "exact_match,strict-match": 0.25,
            "exact_match_stderr,strict-match": 0.05,
            "exact_match,flexible-extract": 0.5,
            "exact_match_stderr,flexible-extract": "N/A",
        },
        "ifeval": {"alias": "ifeval", "prompt_level_strict_acc,none": 1, "prompt_level_strict_acc_stderr,none": 0.0},
    },
    "configs": {},
    "versions": {"gsm8k": 3.0, "ifeval": 4.0},
    "n-samples": {"gsm8k": {"original": 1319, "effective": 100}, "ifeval": {"original": 541, "effective": 541}},
    "config": {"model": "local-chat-completions", "model_args": "model=medicalqa"},
    "model_name": "medicalqa",
}


@pytest.mark.skipif(importlib.util.find_spec("lm_eval") is not None, reason="the extra is installed")
def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match="not installed") as caught:
        run(SERVED, ("ifeval",), tmp_path)
    assert caught.value.fix == "pip install 'rounds[lm-eval]'"


def test_the_key_is_not_on_the_command_line(tmp_path: Path) -> None:
    line = command(SERVED, ("ifeval", "gsm8k"), tmp_path, limit=5, at_once=2)
    assert "base_url=http://127.0.0.1:8080/v1/chat/completions" in " ".join(line)
    assert line[line.index("--tasks") + 1] == "ifeval,gsm8k"
    assert "sk-fictional" not in " ".join(line)


def test_results_become_metrics_with_intervals_over_the_items_that_were_asked(tmp_path: Path) -> None:
    file = tmp_path / "results_2026-01-05.json"
    file.write_bytes(orjson.dumps(RESULTS))
    gsm8k, ifeval = read_results(file)
    assert (gsm8k.suite, gsm8k.model) == ("gsm8k v3.0", "medicalqa")
    strict = gsm8k.metrics["exact_match (strict-match)"]
    assert (strict.value, strict.n) == (0.25, 100)
    assert (strict.low, strict.high) == pytest.approx((0.25 - 1.96 * 0.05, 0.25 + 1.96 * 0.05), abs=1e-4)
    unknown = gsm8k.metrics["exact_match (flexible-extract)"]
    assert (unknown.low, unknown.value, unknown.high) == (0.5, 0.5, 0.5)
    assert list(ifeval.metrics) == ["prompt_level_strict_acc"]


@pytest.mark.parametrize("content", [b"{}", b"[]", b"no json", b'{"results": {"a": {"acc,none": 1}}, "config": {}}'])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "results_x.json"
    file.write_bytes(content)
    with pytest.raises(EvaluationError, match=r"results_x\.json is no results file"):
        read_results(file)
