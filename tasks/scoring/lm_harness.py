"""Public tasks of EleutherAI's lm-evaluation-harness against a served model, with results stored like ours.

The harness is an optional extra and runs as a program of its own. A chat endpoint gives no probabilities of given
answers, so only tasks that generate text work (`generate_until`: ifeval, gsm8k …). Source of the options and of the
results file: https://github.com/EleutherAI/lm-evaluation-harness, docs/interface.md and docs/API_guide.md.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import Field

from tasks.errors import EvaluationError
from tasks.records import Estimate, Record
from tasks.scoring.endpoints import Endpoint

SHOWN_CHARACTERS = 300
Z95 = 1.959964  # standard errors on each side of a mean that hold 95 % of a normal distribution


class HarnessResult(Record):
    """Metrics of one model on one public task; an interval is the mean ± 1.96 of the harness's standard errors."""

    suite: str = Field(description="the task's name, with its version in the harness")
    model: str
    metrics: Mapping[str, Estimate]


def run(
    endpoint: Endpoint, tasks: Sequence[str], folder: Path, *, limit: int | None = None, at_once: int = 1
) -> tuple[HarnessResult, ...]:
    """Run tasks against an OpenAI-compatible endpoint; the harness's own files stay in `folder`.

    Raises:
        EvaluationError: the extra is not installed, the harness fails, or it leaves no results.
    """
    if importlib.util.find_spec("lm_eval") is None:
        raise EvaluationError("lm-evaluation-harness is not installed.", fix="pip install 'rounds[lm-eval]'")
    before = {*folder.rglob("results_*.json")}
    key = {"OPENAI_API_KEY": endpoint.key.get_secret_value()} if endpoint.key else {}
    told = subprocess.run(
        command(endpoint, tasks, folder, limit=limit, at_once=at_once),
        env=os.environ | {"OPENAI_API_KEY": "none"} | key,
        capture_output=True,
        text=True,
        check=False,
    )
    written = sorted({*folder.rglob("results_*.json")} - before)
    if told.returncode != 0 or not written:
        last = (told.stderr.strip().splitlines() or ["nothing"])[-1][:SHOWN_CHARACTERS]
        raise EvaluationError(
            f"lm-evaluation-harness ended with code {told.returncode}; its last line: {last}",
            fix="check the tasks' names (lm_eval ls tasks), and that they generate text",
        )
    return read_results(written[-1])


def command(
    endpoint: Endpoint, tasks: Sequence[str], folder: Path, *, limit: int | None, at_once: int
) -> tuple[str, ...]:
    """Return the harness's command line. The key is not in it: it travels in the environment."""
    url = f"{endpoint.url.rstrip('/')}/chat/completions"
    model = f"model={endpoint.model},base_url={url},num_concurrent={at_once},max_retries=5,tokenized_requests=False"
    limited = () if limit is None else ("--limit", str(limit))
    return (
        *(sys.executable, "-m", "lm_eval", "--model", "local-chat-completions", "--model_args", model),
        *("--tasks", ",".join(tasks), "--apply_chat_template", "--output_path", str(folder), *limited),
    )


def read_results(file: Path) -> tuple[HarnessResult, ...]:
    """Read the harness's results file: its keys are `metric,filter` and `metric_stderr,filter`.

    A standard error that the harness could not compute ("N/A") gives an interval of no width.

    Raises:
        EvaluationError: the file is not of that form.
    """
    try:
        content = orjson.loads(file.read_bytes())
        model = content.get("model_name") or content["config"]["model"]
        return tuple(_result(task, values, content, str(model)) for task, values in content["results"].items())
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{file.name} is no results file of lm-evaluation-harness ({type(error).__name__}).",
            fix="run the tasks again; this reads what version 0.4 and later write",
        ) from None


def _result(task: str, values: Mapping[str, Any], content: Mapping[str, Any], model: str) -> HarnessResult:
    asked = int(content["n-samples"][task]["effective"])
    version = content.get("versions", {}).get(task)
    metrics = {}
    for key, value in values.items():
        name, _, kept = key.partition(",")
        if name.endswith("_stderr") or isinstance(value, bool) or not isinstance(value, int | float) or not kept:
            continue
        error = values.get(f"{name}_stderr,{kept}")
        half = Z95 * error if isinstance(error, int | float) else 0.0
        title = name if kept == "none" else f"{name} ({kept})"
        metrics[title] = Estimate(value=value, low=value - half, high=value + half, n=asked)
    return HarnessResult(suite=task if version is None else f"{task} v{version}", model=model, metrics=metrics)
