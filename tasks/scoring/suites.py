"""Questions as data: suite files in YAML, and items held out from a dataset's test split.

A suite file holds `name`, `version`, `description` and `items`; every item has an id, a category, a difficulty, a
question, a reference answer and where that reference comes from. A changed file is another suite: its SHA-256 goes
with every answer. Built-in suites lie in `benchmarks/suites`. Importers of public question sets are not here.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError

from tasks.errors import EvaluationError
from tasks.records import CertifiedRow, DatasetVersion, Example, Message, Record, Suite

BUILT_IN = Path(__file__).parents[2] / "benchmarks" / "suites"
HELD_OUT = "held-out"


class Item(Record):
    """One question as it is put to a model, and the answer that it is compared with."""

    id: str
    category: str
    difficulty: str = Field(description="easy, medium, hard; empty where nobody rated it")
    question: str = Field(description="the last user message")
    messages: tuple[Message, ...] = Field(description="the prompt, before the chat template")
    reference: str


class Questionnaire(Record):
    """The items of one suite in their order, with the name and hash that its answers carry."""

    name: str
    sha256: str
    items: tuple[Item, ...]


class SuiteItem(Record):
    """One entry of a suite file."""

    id: str = Field(min_length=1)
    category: str = Field(min_length=1)
    difficulty: Literal["easy", "medium", "hard"]
    question: str = Field(min_length=1)
    reference: str = Field(min_length=1)
    reference_source: str = Field(min_length=1)


class SuiteHeader(Record):
    """A suite file without its items."""

    name: str = Field(min_length=1)
    version: str = Field(min_length=1)
    description: str = Field(min_length=1)


def find_suite(name: str) -> Suite:
    """Return the built-in suite of that name, or the suite file at that path, with its fingerprint.

    Raises:
        EvaluationError: there is no such suite or file.
    """
    built_in = BUILT_IN / f"{name}.yaml"
    path = built_in if built_in.is_file() else Path(name)
    if not path.is_file():
        known = ", ".join(sorted(file.stem for file in BUILT_IN.glob("*.yaml")))
        raise EvaluationError(f"There is no suite {name!r}.", fix=f"give the path of a YAML file, or one of: {known}.")
    return Suite(path=str(path.absolute()), sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def built_in_suites() -> tuple[Suite, ...]:
    """Return every suite that the repository ships, in the order of their names."""
    return tuple(find_suite(file.stem) for file in sorted(BUILT_IN.glob("*.yaml")))


def load_suite(suite: Suite) -> Questionnaire:
    """Read and check a suite file.

    Raises:
        EvaluationError: the file changed since it was fingerprinted, is no YAML mapping, has unknown or missing keys,
            duplicate ids, or an empty question or reference; file and item are named.
    """
    path = Path(suite.path)
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != suite.sha256:
        raise EvaluationError(f"{path.name} changed since this run began.", fix="start the run again.")
    mapping = _mapping(content, path)
    raw_items = mapping.pop("items", None)
    try:
        header = SuiteHeader.model_validate(mapping)
    except ValidationError as error:
        raise _refused(path, "the head", error) from None
    if not isinstance(raw_items, list) or not raw_items:
        raise EvaluationError(f"{path.name} has no items.", fix="list questions under the key items.")
    items = tuple(_item(path, number, raw) for number, raw in enumerate(raw_items, start=1))
    _refuse_duplicates(path, items)
    return Questionnaire(name=header.name, sha256=suite.sha256, items=items)


def held_out_items(rows: Iterable[Mapping[str, Any]]) -> list[Item]:
    """Make items of certified examples: the prompt is all before the last answer, which is the reference.

    The id is the first 12 digits of the row's hash; of rows with the same hash the first is kept. The order is that
    of the ids, so that it does not depend on how rows lie in shards.

    Raises:
        EvaluationError: a row without an answer, or without a question before it.
    """
    items: dict[str, Item] = {}
    for raw in rows:
        certified = CertifiedRow.model_validate(raw)
        example = Example.model_validate(certified.row)
        item_id = certified.certificate.row_sha256[:12]
        items.setdefault(item_id, _from_example(item_id, example))
    return [items[key] for key in sorted(items)]


def held_out_questionnaire(dataset: DatasetVersion, rows: Iterable[Mapping[str, Any]], limit: int) -> Questionnaire:
    """Return the first `limit` held-out items in the order of their hashed ids, which is as good as a random draw.

    Raises:
        EvaluationError: the test split is empty, or a row of it is no question with an answer.
    """
    items = tuple(held_out_items(rows)[:limit])
    if not items:
        raise EvaluationError(
            f"Dataset {dataset.id} has no held-out items.", fix="collect more rows, or widen the time window."
        )
    fingerprint = hashlib.sha256(f"{dataset.splits['test'].sha256}:{limit}".encode()).hexdigest()
    return Questionnaire(name=HELD_OUT, sha256=fingerprint, items=items)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvaluationError(f"{path.name} cannot be read: {error.strerror}.", fix="check path and rights.") from error


def _mapping(content: bytes, path: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(content)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise EvaluationError(f"{path.name} is not valid YAML{line}.", fix="correct the file.") from error
    if not isinstance(loaded, dict):
        raise EvaluationError(f"{path.name} is no mapping.", fix="start it with name, version, description, items.")
    return loaded


def _item(path: Path, number: int, raw: object) -> Item:
    name = raw.get("id") if isinstance(raw, dict) else None
    try:
        entry = SuiteItem.model_validate(_stripped(raw))
    except ValidationError as error:
        raise _refused(path, f"item {number} ({name or 'no id'})", error) from None
    prompt = (Message(role="user", content=entry.question),)
    return Item(messages=prompt, **entry.model_dump(exclude={"reference_source"}))


def _stripped(raw: object) -> object:
    if not isinstance(raw, dict):
        return raw
    return {key: value.strip() if isinstance(value, str) else value for key, value in raw.items()}


def _refused(path: Path, where: str, error: ValidationError) -> EvaluationError:
    kinds = {"extra_forbidden": "unknown", "missing": "missing", "string_too_short": "empty"}
    faults = ", ".join(
        f"{'.'.join(map(str, part['loc'])) or 'entry'} {kinds.get(part['type'], 'not valid')}"
        for part in error.errors(include_input=False)
    )
    keys = "id, category, difficulty (easy, medium, hard), question, reference, reference_source"
    return EvaluationError(f"{path.name}, {where}: {faults}.", fix=f"an item has exactly {keys}.")


def _refuse_duplicates(path: Path, items: tuple[Item, ...]) -> None:
    first: dict[str, int] = {}
    for number, item in enumerate(items, start=1):
        if item.id in first:
            raise EvaluationError(
                f"{path.name}, item {number} ({item.id}): the id is that of item {first[item.id]}.",
                fix="give every question an id of its own.",
            )
        first[item.id] = number


def _from_example(item_id: str, example: Example) -> Item:
    answers = [index for index, message in enumerate(example.messages) if message.role == "assistant"]
    prompt = example.messages[: answers[-1]] if answers else ()
    questions = [message.content for message in prompt if message.role == "user"]
    if not questions:
        raise EvaluationError(
            f"Held-out row {item_id} is no question with an answer.", fix="build the dataset again; it checks this."
        )
    return Item(
        id=item_id,
        category=example.source,
        difficulty="",
        question=questions[-1],
        messages=prompt,
        reference=example.messages[answers[-1]].content,
    )
