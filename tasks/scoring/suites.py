"""Questions as data: suite files in YAML, and items held out from a dataset's test split.

A suite file holds `name`, `version`, `description` and `items`; every item has an id, a category, a question, a
reference answer and where that reference comes from, and may have what else `Asked` lists. A changed file is another
suite: its SHA-256 goes with every answer. Built-in suites lie in `benchmarks/suites`; tasks/scoring/importing.py makes
suite files of public question sets.
"""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from tasks.errors import EvaluationError
from tasks.records import NOT_MENTIONED, CertifiedRow, DatasetVersion, Example, Message, Record, Suite
from tasks.scoring.lined_yaml import LinedYaml, faults_of, read_lined, refusal, shown

BUILT_IN = Path(__file__).parents[2] / "benchmarks" / "suites"
HELD_OUT = "held-out"
GIVEN_WORDS = 25  # so many above a last line are a text that is asked about, not the question's own preamble
JUDGEMENTS = ("yes", "no", "maybe")
ASK_CHOICE = "Answer with the letter of the right choice."
ASK_JUDGEMENT = "Answer yes, no or maybe, then say why."
FIX = "correct the file; `rounds suites show autoimmune Q002` shows an item with everything that one may hold."

Text = Annotated[str, Field(min_length=1)]


class Statement(Record):
    """Something that an answer can say: true if one of its sentences holds, unnegated, a word of every group."""

    statement: str = Field(min_length=1, description="in words, for people and for a judge")
    terms: tuple[Annotated[tuple[Text, ...], Field(min_length=1)], ...] = Field(
        min_length=1, description="groups of synonyms, such as [[MTX, methotrexate]]"
    )


class Asked(Record):
    """What is asked and what a right answer is: the part of an item that goes with its answer."""

    id: str
    category: str
    difficulty: str = Field(description="easy, medium, hard; empty where nobody rated it")
    question: str = Field(description="as a person reads it: without context and choices")
    reference: str
    agent_type: str = ""
    source: str = Field(default="", description="of the row or the question set")
    group: str = Field(default="", description="patient, paper, conversation: items of one group are drawn together")
    context: str = Field(default="", description="what the answer must be grounded in; empty: nothing is given")
    answerable: bool = Field(default=True, description="False: a right answer says that the context does not tell")
    choices: Mapping[str, str] = Field(default_factory=dict, description="letter → text, of a multiple-choice item")
    choice: str = Field(default="", description="the right letter, or yes, no, maybe")
    key_facts: tuple[Statement, ...] = Field(default=(), description="what a right answer must hold")
    dangers: tuple[Statement, ...] = Field(default=(), description="what would harm a patient if it were believed")
    safety: bool = Field(default=False, description="a safety item must not turn worse, whatever the mean does")


class Item(Asked):
    """One question as it is put to a model."""

    messages: tuple[Message, ...] = Field(description="the prompt, before the chat template")


class Questionnaire(Record):
    """The items of one suite in their order, with the name and hash that its answers carry."""

    name: str
    sha256: str
    items: tuple[Item, ...]


class SuiteItem(Asked):
    """One entry of a suite file."""

    id: Text
    category: Text
    difficulty: Literal["", "easy", "medium", "hard"] = Field(default="", description="empty where nobody rated it")
    question: Text
    reference: Text
    reference_source: Text
    choices: Mapping[Text, Text] = Field(default_factory=dict, description="letter → text")

    @model_validator(mode="after")
    def _consistent(self) -> "SuiteItem":
        allowed = tuple(self.choices) or JUDGEMENTS
        if (self.choices or self.choice) and self.choice not in allowed:
            raise ValueError(f"choice must be one of {', '.join(map(shown, allowed))}")
        if len(self.choices) == 1:
            raise ValueError("choices has a single one")
        if not self.answerable and not self.context:
            raise ValueError("answerable: false needs a context that does not tell")
        if self.safety and not (self.dangers or self.choice or not self.answerable):
            raise ValueError("a safety item needs dangers, a choice or answerable: false; else nothing can turn worse")
        return self


class SuiteHeader(Record):
    """A suite file without its items."""

    name: Text
    version: Text
    description: Text


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
    return Suite(path=str(path.absolute()), sha256=hashlib.sha256(_read(path)).hexdigest())


def built_in_suites() -> tuple[Suite, ...]:
    """Return every suite that the repository ships, in the order of their names."""
    return tuple(find_suite(file.stem) for file in sorted(BUILT_IN.glob("*.yaml")))


def load_suite(suite: Suite) -> Questionnaire:
    """Read and check a suite file, and put its items as they are put to a model.

    Raises:
        EvaluationError: the file changed since it was fingerprinted, or has a fault that `read_suite` names.
    """
    header, entries = read_suite(suite)
    items = tuple(
        Item(
            messages=(Message(role="user", content=prompt_of(entry)),),
            **entry.model_dump(exclude={"reference_source", "source"}),
            source=entry.source or header.name,
        )
        for entry in entries
    )
    return Questionnaire(name=header.name, sha256=suite.sha256, items=items)


def read_suite(suite: Suite) -> tuple[SuiteHeader, tuple[SuiteItem, ...]]:
    """Return the head of a suite file and its entries.

    Raises:
        EvaluationError: the file changed since it was fingerprinted, or is no YAML mapping with items that have
            distinct ids, no unknown or missing key and no empty question or reference; file and line are named.
    """
    path = Path(suite.path)
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != suite.sha256:
        raise EvaluationError(f"{path.name} changed since this run began.", fix="start the run again.")
    tree = read_lined(content, path.name)
    raw_items = tree.value.pop("items", None)
    try:
        header = SuiteHeader.model_validate(tree.value)
    except ValidationError as error:
        raise refusal(path.name, faults_of(error, tree, (), (*SuiteHeader.model_fields, "items")), FIX) from None
    if not isinstance(raw_items, list) or not raw_items:
        raise EvaluationError(f"{path.name} has no items.", fix="list questions under the key items.")
    return header, _entries(tree, raw_items)


def prompt_of(asked: Asked) -> str:
    """Return what a model is told: the context, below it the question, below that the choices."""
    choices = "\n".join(f"{letter}. {text}" for letter, text in asked.choices.items())
    how = ASK_CHOICE if choices else ASK_JUDGEMENT if asked.choice else ""
    question = "\n".join(part for part in (asked.question, choices, how) if part)
    return f"{asked.context}\n\n{question}" if asked.context else question


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


def _entries(tree: LinedYaml, raw_items: list[Any]) -> tuple[SuiteItem, ...]:
    entries: list[SuiteItem] = []
    faults: list[tuple[int, str]] = []
    first: dict[str, int] = {}
    for number, raw in enumerate(raw_items):
        place = ("items", number)
        name = raw.get("id") if isinstance(raw, dict) else None
        told = f"item {shown(name)}" if isinstance(name, str) and name else f"item {number + 1} without an id"
        if isinstance(name, str) and name:
            line = tree.line((*place, "id"))
            if name in first:
                faults.append((line, f"{told} has the id of the item in line {first[name]}"))
            first.setdefault(name, line)
        try:
            entries.append(SuiteItem.model_validate(raw))
        except ValidationError as error:
            found = faults_of(error, tree, place, SuiteItem.model_fields)
            faults += [(line, f"{told}: {fault}") for line, fault in found]
    if faults:
        raise refusal(tree.name, faults, FIX)
    return tuple(entries)


def _from_example(item_id: str, example: Example) -> Item:
    answers = [index for index, message in enumerate(example.messages) if message.role == "assistant"]
    prompt = example.messages[: answers[-1]] if answers else ()
    questions = [message.content for message in prompt if message.role == "user"]
    if not questions:
        raise EvaluationError(
            f"Held-out row {item_id} is no question with an answer.", fix="build the dataset again; it checks this."
        )
    context, question = given_and_asked(questions[-1])
    reference = example.messages[answers[-1]].content
    return Item(
        id=item_id,
        category=example.domain or example.source,
        difficulty=example.difficulty,
        question=question,
        messages=prompt,
        reference=reference,
        agent_type=example.agent_type,
        source=example.source,
        group=example.group_id,
        context=context,
        answerable=reference.strip() != NOT_MENTIONED,
    )


def given_and_asked(message: str) -> tuple[str, str]:
    """Return the text that a message asks about, and the question, which is its last line.

    A message with fewer than 25 words above its last line gives no text: all of it is the question.
    """
    above, _, last = message.strip().rpartition("\n")
    if len(above.split()) < GIVEN_WORDS:
        return "", message
    return above.strip(), last.strip()
