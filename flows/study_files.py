"""The files of a study: what each step found, as JSON that people and other programs read.

They hold the suite's questions and the models' answers, counts, ids and hashes; of papers the ids alone.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from pydantic_core import to_jsonable_python

from flows.study_parameters import Study, StudyRequest
from infra.artifacts import open_store
from infra.settings import get_settings
from infra.whole_files import write_whole
from tasks.errors import StorageError
from tasks.gguf.probes import ParityReport
from tasks.records import Answers, Base, DatasetVersion, ModelVersion, Recipe, RedactedShard, TrainingRun
from tasks.scoring.answering import read_answers
from tasks.scoring.guide_form import guide_rows

BASE, BASELINE, PAPERS = "base.json", "baseline_responses.json", "papers.json"
QLORA, QLORA_ANSWERS = "qlora_model.json", "qlora_responses.json"
FULL, FULL_ANSWERS = "full_model.json", "full_responses.json"
SCORES, PAGE = "scores.json", "report.html"
FILES = (BASE, BASELINE, PAPERS, QLORA, QLORA_ANSWERS, FULL, FULL_ANSWERS, SCORES, PAGE)
PAPER_KEYS = ("agent_type", "papers", "sources", "identifiers_redacted", "withheld", "search", "ids")


def study_folder(request: StudyRequest) -> Path:
    """Return the folder of a study's files, which is made; without `out` it is named for the suite and the base.

    Raises:
        StorageError: it cannot be made.
    """
    name = re.sub(r"[^a-z0-9.]+", "-", f"{Path(request.suite).stem}-{Path(request.base).name}".lower()).strip("-")
    folder = Path(request.out).expanduser() if request.out else get_settings().data / "studies" / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        fix = "name another folder: --out FOLDER"
        raise StorageError(f"{folder} cannot be made: {error.strerror}.", fix=fix) from None
    return folder.absolute()


def write_json(file: Path, value: object) -> None:
    """Write a structure of records as JSON, whole or not at all."""
    content = orjson.dumps(to_jsonable_python(value), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    write_whole(file, (content,))


def write_base(file: Path, base: Base, model: ModelVersion, parity: ParityReport) -> None:
    """Write which base this is: its name, its revision, and the file that answers for it."""
    write_json(file, {"base": base.name, "revision": base.revision} | _model(model) | {"parity": parity})


def write_answers(file: Path, answers: Answers) -> None:
    """Write a model's answers in the older guides' form."""
    write_json(file, guide_rows(read_answers(open_store(), answers)))


def write_papers(file: Path, request: StudyRequest, shards: tuple[RedactedShard, ...]) -> dict[str, int]:
    """Write what there is to learn from, by id, and return the rows of each source."""
    store = open_store()
    ids: dict[str, list[str]] = {}
    for shard in shards:
        for line in store.rows(shard.artifact):
            row = line["row"]
            ids.setdefault(row.get("source", "chats"), []).append(str(row.get("source_id", row.get("id"))))
    sources = {source: len(found) for source, found in sorted(ids.items())}
    findings = sum(sum(shard.findings.values()) for shard in shards)
    withheld = sum(shard.withheld for shard in shards)
    values = (request.agent_type, sum(sources.values()), sources, findings, withheld, _search(request), ids)
    write_json(file, dict(zip(PAPER_KEYS, values, strict=True)))
    return sources


def searched_before(file: Path, request: StudyRequest) -> bool:
    """Return whether this study's papers hold what the same search found: one that goes on does not search anew."""
    try:
        kept = orjson.loads(file.read_bytes())
        return bool((kept["agent_type"], kept["search"]) == (request.agent_type, _search(request)))
    except (OSError, ValueError, KeyError, TypeError):  # not there yet, or not ours
        return False


def write_training(
    file: Path, model: ModelVersion, recipe: Recipe, run: TrainingRun, dataset: DatasetVersion, parity: ParityReport
) -> None:
    """Write how a candidate was made: recipe, dataset, losses, cost, and how near its file is to its weights."""
    cost = ("steps", "tokens", "seconds", "peak_memory_gib", "energy_kwh", "first_loss", "last_loss", "eval_loss")
    made = {"run": run.id, "recipe": recipe, "dataset": dataset.id, "examples": dataset.examples}
    write_json(file, _model(model) | made | {name: getattr(run, name) for name in cost} | {"parity": parity})


def write_scores(file: Path, study: Study) -> None:
    """Write every model's scores and speed, and the paired differences, each with its interval and n."""
    models = {
        name: {
            "model": study.models[name],
            "total_seconds": study.seconds[name],
            "average_seconds": study.seconds[name] / study.items,
            "metrics": scores.metrics,
        }
        for name, scores in study.scores.items()
    }
    head = {"study": study.id, "suite": study.suite, "items": study.items, "note": study.note}
    write_json(file, head | {"models": models, "comparisons": study.comparisons})


def _model(model: ModelVersion) -> dict[str, Any]:
    files: Mapping[str, Any] = {
        file.quantisation: {"sha256": file.artifact.sha256, "bytes": file.artifact.bytes} for file in model.files
    }
    template = model.gguf.chat_template_sha256
    return {"model": model.id, "answers_by": model.served, "chat_template_sha256": template, "files": files}


def _search(request: StudyRequest) -> dict[str, Any]:
    return {"pubmed": request.pubmed, "limit": request.limit}
