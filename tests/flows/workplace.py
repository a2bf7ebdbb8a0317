"""A hospital, a base and a recipe so small that a whole round takes seconds, and data folders to run rounds in."""

import contextlib
import io
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH, temporary_settings

from flows.parameters import WeeklyRequest
from flows.weekly_retrain import weekly_retrain
from infra import database, embedded_postgres, step_ledger
from infra.artifact_content import content_sha256
from infra.settings import Settings, get_settings
from tasks.ingest.chat_import import import_chats
from tasks.records import Round
from tasks.sample.abstracts import write_pubmed_xml
from tasks.sample.chats import SampleChat, sample_chats
from tasks.sample.pretraining import pretraining_texts
from tasks.training import tiny_base

SEED = 23
HASH_KEY = "a-key-for-tests-alone"  # the same in every folder: the same groups lie in the same splits
NAME = "Zebulon Quillfeather"  # an identifier: must be redacted everywhere
PHRASE = "heliotrope stethoscope"  # no identifier, but somebody's words: may lie in artifacts and nowhere else
BASE = tiny_base.TinyRecipe(
    vocab_size=1024, feed_forward_size=256, layers=2, context=1024, block_tokens=64, batch_blocks=8, steps=60,
    warmup_steps=5,
)  # fmt: skip
RECIPE = """method: full
base: builtin:tiny
learning_rate: 1.0e-4
epochs: 1
batch_size: 4
max_steps: 3
max_tokens: 1024
"""
STARTED_ROUNDS = "from flows.cli import main; main()"


@dataclass(frozen=True)
class Hospital:
    """Where the made-up sources, the base and the recipe lie."""

    folder: Path

    @property
    def papers(self) -> Path:
        return self.folder / "pubmed.xml"

    @property
    def chats(self) -> Path:
        return self.folder / "chats.jsonl"

    @property
    def later_chats(self) -> Path:
        return self.folder / "later-chats.jsonl"

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def recipe(self) -> Path:
        return self.folder / "three-steps.yaml"


def build(folder: Path) -> Hospital:
    """Write the sources and train the base; its answers are short and end, as a trained model's do."""
    hospital = Hospital(folder)
    write_pubmed_xml(hospital.papers, SEED, 20)
    chats = list(sample_chats(SEED, 420))
    write_chats(hospital.chats, chats[:320], planted=True)
    write_chats(hospital.later_chats, chats[320:])
    hospital.recipe.write_text(RECIPE)
    tiny_base.pretrain((*pretraining_texts(SEED, 60), *_short_chats(700)), hospital.base, BASE)
    return hospital


def _short_chats(count: int) -> Iterator[str]:
    rng = Random(SEED)
    for chat in sample_chats(SEED + 1, count):
        system = "<|im_start|>system\nYou answer briefly.<|im_end|>\n" if rng.random() < 0.3 else ""
        question = chat.messages[0].content.splitlines()[-1]
        yield (
            f"{system}<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"
            f"{rng.choice(('Yes.', 'No.'))}<|im_end|>\n"
        )


def write_chats(file: Path, chats: list[SampleChat], *, planted: bool = False) -> None:
    """Write chats as a log export; with `planted`, a patient's name and a phrase of theirs are in many."""
    lines = [chat.model_dump(mode="json", exclude={"phi"}) for chat in chats]
    if planted:
        for line in lines[::3]:
            question = line["messages"][0]
            question["content"] = f"Patient name: {NAME}. I like the {PHRASE}. {question['content']}"
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))


def planted_identifiers(hospital: Hospital) -> set[str]:
    """Return the planted values that are no part of anything else: long, and of more than digits or letters."""
    values = {NAME}
    for chat in sample_chats(SEED, 320):
        texts: dict[int | str, str] = {number: m.content for number, m in enumerate(chat.messages)}
        texts["correction"] = chat.correction or ""
        values |= {texts[p.where][p.start : p.end] for p in chat.phi if p.category not in {"DATE", "AGE_OVER_89"}}
    return {value for value in values if len(value) >= 11 and not value.isalnum()}


# ── data folders ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Played:
    """A round that was run in this process: how it ended, what its steps did, and all that was logged."""

    data: Path
    ended: Round
    times: tuple[step_ledger.StepTime, ...]
    logs: str

    def names(self, *, cached: bool) -> set[str]:
        return {time_.step for time_ in self.times if time_.cached == cached}


def request_for(hospital: Hospital, **changes: object) -> WeeklyRequest:
    """Return a round on the hospital's sources, small in every way."""
    values: dict[str, object] = {
        "literature": (str(hospital.papers),),
        "recipe": str(hospital.recipe),
        "base_model": str(hospital.base),
        "min_examples": 20,
        "held_out_limit": 6,
    }
    return WeeklyRequest.model_validate(values | changes)


def play(hospital: Hospital, **changes: object) -> Played:
    """Run a round in the data folder that this process works in."""
    times: list[step_ledger.StepTime] = []
    with _recorded_logs() as logs, step_ledger.listening(lambda e: _keep(times, e)):
        ended = weekly_retrain(request_for(hospital, **changes))
    return Played(get_settings().data, ended, tuple(times), logs.getvalue())


def _keep(times: list[step_ledger.StepTime], event: step_ledger.StepTime | step_ledger.Progress) -> None:
    if isinstance(event, step_ledger.StepTime):
        times.append(event)


@contextlib.contextmanager
def _recorded_logs() -> Iterator[io.StringIO]:
    """Record everything that is logged inside the block, of the libraries too, as a log file would hold it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    loggers = [logging.getLogger(name) for name in ("", "prefect", "tasks", "infra", "flows", "transformers")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield text
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)


def load(file: Path) -> None:
    """Load a log export into the data folder that this process works in."""
    with database.connect() as connection:
        import_chats(connection, file, "MedicalQA")


@contextlib.contextmanager
def working_in(data: Path) -> Iterator[Path]:
    """Point this process at a data folder with a cache of its own, and stop its database afterwards."""
    with (
        pytest.MonkeyPatch.context() as patch,
        temporary_settings({PREFECT_LOCAL_STORAGE_PATH: data / "prefect" / "storage"}),
    ):
        for name, value in surroundings(data).items():
            patch.setenv(name, value)
        patch.delenv("ROUNDS_DATABASE_URL", raising=False)
        get_settings.cache_clear()
        database.close()
        try:
            yield data
        finally:
            stop_database(data)
    get_settings.cache_clear()


def surroundings(data: Path) -> dict[str, str]:
    return {"ROUNDS_DATA_DIR": str(data), "ROUNDS_HASH_KEY": HASH_KEY, "ROUNDS_THREADS": "1", "OMP_NUM_THREADS": "1"}


def stop_database(data: Path) -> None:
    database.close()
    embedded_postgres.stop(Settings(data_dir=data, _env_file=None))  # type: ignore[call-arg]


# ── the command in a process of its own ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Ended:
    """How a command ended; a killed one has −9."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return orjson.loads(self.out)


def start(data: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start `rounds` in a process group of its own, in a folder without settings."""
    data.parent.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ROUNDS_", "PREFECT_"))}
    return subprocess.Popen(
        [sys.executable, "-c", STARTED_ROUNDS, *arguments],
        env=kept | surroundings(data) | {"COLUMNS": "200"} | more,
        cwd=data.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str], seconds: float = 240) -> Ended:
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        end_group(process)
    return Ended(process.returncode, out, err)


def kill_when(process: subprocess.Popen[str], reached: Callable[[], bool], seconds: float = 240) -> bool:
    """Kill the process alone, as the kernel would, once a stage is reached; return False if it ended before."""
    deadline = time.monotonic() + seconds
    while process.poll() is None:
        if reached():
            process.send_signal(signal.SIGKILL)
            process.stdout.close()  # type: ignore[union-attr]
            process.stderr.close()  # type: ignore[union-attr]
            return process.wait() == -signal.SIGKILL
        assert time.monotonic() < deadline, "the stage was never reached"
        time.sleep(0.005)
    return False


def end_group(process: subprocess.Popen[str]) -> None:
    """End what a command that was killed left behind: its temporary Prefect server."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


# ── what lies under a data folder ────────────────────────────────────────────────────────────────────────────────


def holding(texts: set[str], folder: Path, leave_out: tuple[str, ...] = ()) -> Mapping[str, list[str]]:
    """Return text → files below `folder` that hold it, also as JSON writes it; `leave_out` are folders within."""
    needles = {form: text for text in texts for form in (text.encode(), orjson.dumps(text)[1:-1], _ascii_json(text))}
    found: dict[str, list[str]] = {}
    for file in folder.rglob("*"):
        place = file.relative_to(folder).as_posix()
        if not file.is_file() or place.startswith(leave_out):
            continue
        content = file.read_bytes()
        for needle, text in needles.items():
            if needle in content and place not in found.setdefault(text, []):
                found[text].append(place)
    return {text: places for text, places in found.items() if places}


def _ascii_json(text: str) -> bytes:
    return "".join(c if c.isascii() else f"\\u{ord(c):04x}" for c in text).encode()


def damaged_artifacts(data: Path) -> list[str]:
    """Return the artifacts whose content is not what their names say."""
    artifacts = data / "artifacts"
    named = [path for kind in artifacts.iterdir() if kind.name != ".tmp" for path in kind.glob("*/*")]
    assert named
    return [path.name for path in named if content_sha256(path) != path.name.partition(".")[0]]
