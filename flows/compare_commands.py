"""What `rounds compare` and `rounds harness` do behind `flows/compare_cli.py`."""

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic_core import to_jsonable_python
from rich.markup import escape
from rich.table import Column, Table

from flows.console import out, print_json, showing_steps
from infra import database, step_ledger
from infra.artifacts import open_store
from infra.settings import get_settings
from infra.whole_files import write_whole
from tasks.errors import ConfigError, EvaluationError, RegistryError
from tasks.records import Answers, EvalResult
from tasks.registry import versions
from tasks.scoring import lm_harness
from tasks.scoring.answering import AnswerRow, Decoding
from tasks.scoring.contenders import Contender, answer_contender, contender
from tasks.scoring.judges import judge_called, judge_name
from tasks.scoring.metrics import score_answers
from tasks.scoring.suites import Questionnaire, built_in_suites, find_suite, load_suite

CHAMPION = "champion:"


@dataclass(frozen=True)
class Compared:
    """One model's part of a comparison: its answers, its scores, and the file that holds them."""

    name: str
    file: Path
    answers: Answers
    scores: EvalResult

    @property
    def average_seconds(self) -> float:
        """Seconds an answer."""
        return self.answers.seconds / self.answers.items

    def summary(self) -> dict[str, object]:
        """Return what the summary file and `--json` say of the model."""
        return {
            "model": self.name,
            "file": str(self.file),
            "items": self.answers.items,
            "total_seconds": round(self.answers.seconds, 3),
            "average_seconds": round(self.average_seconds, 3),
            "tokens": self.answers.tokens,
            "decoding": dict(self.answers.decoding),
            "metrics": to_jsonable_python(self.scores.metrics),
        }


def run_compare(
    names: Sequence[str], suite: str | None, *, answer_tokens: int, at_once: int, folder: Path | None, as_json: bool
) -> None:
    """Answer a suite with each model, write a file per model and a summary, and print times and scores."""
    if not names:
        raise ConfigError("No model is named.", fix="rounds compare --models A B; see --help for how to name one")
    chosen = find_suite(suite) if suite else built_in_suites()[0]
    questionnaire = load_suite(chosen)
    contenders = [_contender(name) for name in names]  # all of them, before the first is asked
    target = folder or get_settings().data / "comparisons" / questionnaire.name
    target.mkdir(parents=True, exist_ok=True)
    decoding = Decoding(max_tokens=answer_tokens, at_once=at_once)
    with showing_steps([]):
        compared = [
            _compared(questionnaire, one, decoding, target / f"{name}.json")
            for one, name in zip(contenders, _file_names(contenders), strict=True)
        ]
    summary = {
        "suite": questionnaire.name,
        "suite_sha256": questionnaire.sha256,
        "models": [one.summary() for one in compared],
    }
    write_whole(target / "summary.json", [orjson.dumps(summary, option=orjson.OPT_INDENT_2)])
    if as_json:
        print_json(summary)
    else:
        print_compared(compared, target)


def _contender(name: str) -> Contender:
    """Return what a name stands for: a registered model where it is no file, folder or endpoint."""
    settings = get_settings()
    try:
        return contender(name, settings.endpoint_keys)
    except EvaluationError:
        if "/" in name or name.endswith(".gguf") or name.startswith(("openai:", "ollama:")):
            raise
    agent = name.removeprefix(CHAMPION)
    with database.connect() as connection:
        model = versions.champion(connection, agent) if agent != name else versions.get(connection, name)
    if model is None:
        raise RegistryError(f"{agent} has no champion.", fix="rounds models list, then name one by its id")
    return Contender(name=name, path=open_store().path(model.gguf.artifact))


def _file_names(contenders: Sequence[Contender]) -> list[str]:
    taken: Counter[str] = Counter({"summary": 1})
    names = []
    for one in contenders:
        taken[one.file_name] += 1
        names.append(one.file_name if taken[one.file_name] == 1 else f"{one.file_name}-{taken[one.file_name]}")
    return names


def _compared(questionnaire: Questionnaire, one: Contender, decoding: Decoding, file: Path) -> Compared:
    step = f"answers of {one.file_name}"
    answers, rows = answer_contender(
        questionnaire,
        one,
        decoding,
        store=open_store(),
        settings=get_settings(),
        on_progress=lambda done, total: step_ledger.report(step_ledger.Progress(step, done, total, "answers")),
    )
    _write(file, rows)
    scores = score_answers(answers, rows, judge_called(judge_name(get_settings()), get_settings()))
    step_ledger.report(step_ledger.StepTime(step, answers.seconds, cached=False))
    return Compared(one.name, file, answers, scores)


def _write(file: Path, rows: Sequence[AnswerRow]) -> None:
    """Write the answers as older guides do: one JSON list of objects that begin with id, category, difficulty."""
    listed = [row.model_dump() for row in rows]
    write_whole(file, [orjson.dumps(listed, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)])


def print_compared(compared: Sequence[Compared], folder: Path) -> None:
    """Print a table of times and one of scores, each 80 columns wide at most; a letter stands for a model."""
    right = (_right(title) for title in ("items", "total s", "average s", "tokens/s"))
    times = Table("", Column("model", overflow="fold"), *right)
    for letter, one in _lettered(compared):
        answers = one.answers
        rate = f"{answers.tokens / answers.seconds:,.0f}" if answers.seconds and answers.tokens else "-"
        spent = (f"{answers.seconds:,.1f}", f"{one.average_seconds:,.2f}", rate)
        times.add_row(letter, escape(one.name), str(answers.items), *spent)
    scores = Table("metric", "model", _right("value"), "95 % interval", _right("n"))
    for metric in dict.fromkeys(name for one in compared for name in one.scores.metrics):
        for letter, one in _lettered(compared):
            e = one.scores.metrics.get(metric)  # only a file tells how probable a text is to it
            row = (f"{e.value:.3f}", f"{e.low:.3f} to {e.high:.3f}", str(e.n)) if e else ("-", "", "")
            scores.add_row(metric if one is compared[0] else "", letter, *row, end_section=one is compared[-1])
    out.print(times, scores)
    out.print(f"Answers: {escape(str(folder))}", soft_wrap=True)


def _lettered(compared: Sequence[Compared]) -> list[tuple[str, Compared]]:
    letters = string.ascii_uppercase
    return [(letters[place] if place < len(letters) else str(place), one) for place, one in enumerate(compared)]


def _right(title: str) -> Column:
    return Column(title, justify="right", no_wrap=True)


def run_harness(
    target: str, tasks: tuple[str, ...], *, limit: int | None, at_once: int, folder: Path | None, as_json: bool
) -> None:
    """Run public tasks against a served model, keep the results, and print each metric with its interval."""
    endpoint = contender(f"openai:{target.removeprefix('openai:')}", get_settings().endpoint_keys).endpoint
    assert endpoint is not None
    where = folder or get_settings().data / "harness"
    where.mkdir(parents=True, exist_ok=True)
    results = lm_harness.run(endpoint, tasks, where, limit=limit, at_once=at_once)
    listed = [result.model_dump(mode="json") for result in results]
    write_whole(where / "results.json", [orjson.dumps(listed, option=orjson.OPT_INDENT_2)])
    if as_json:
        print_json(listed)
        return
    table = Table("task", "metric", _right("value"), "95 % interval", _right("n"))
    for result in results:
        for name, e in result.metrics.items():
            table.add_row(result.suite, name, f"{e.value:.3f}", f"{e.low:.3f} to {e.high:.3f}", str(e.n))
    out.print(table)
