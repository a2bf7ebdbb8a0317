"""Read YAML written by people so that every fault can be named by file and line.

Every value is text, as it stands: `no` is a word among synonyms, not False, and `1.10` a version, not a number. An
alias may stand for a text that several entries share, not for a list or mapping. Not covered: tags, merge keys, more
than one document in a file.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import ValidationError

from tasks.errors import EvaluationError

DEEPEST = 12  # a suite needs six levels; libyaml's own composer overflows the stack at some ten thousand
SHOWN_FAULTS = 5


Place = tuple[str | int, ...]
UNKNOWN = "extra_forbidden"
KINDS = {"missing": "is missing", "string_too_short": "is empty", "too_short": "is empty"}
FORMS = {"tuple_type": "is no list", "string_type": "is no text", "mapping_type": "is no mapping"}


@dataclass
class _Open:
    """A list or mapping whose end has not been read."""

    value: list[Any] | dict[str, Any]
    place: Place
    key: str | None = None

    def next_place(self) -> Place:
        return (*self.place, len(self.value) if isinstance(self.value, list) else self.key or "")

    def add(self, value: object) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        else:
            self.value[self.key or ""] = value
            self.key = None


@dataclass
class LinedYaml:
    """The mapping that a file holds, with the line (from 1) of each of its parts."""

    name: str
    value: dict[str, Any]
    lines: dict[Place, int] = field(repr=False)

    def line(self, place: Place) -> int:
        """Return the line of a part: keys and numbers from 0, such as `("items", 3, "question")`.

        Of a part that is not there, that of the part around it.
        """
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def read_lined(content: bytes, name: str) -> LinedYaml:
    """Parse a file of one mapping; `name` stands in messages.

    Raises:
        EvaluationError: it is no valid YAML, no mapping, has a key twice, or nests deeper than any suite does.
    """
    try:
        # One event after the other: of a file of nothing but brackets, the first dozen are enough to refuse it.
        return _Reading(name).read(yaml.parse(content, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or "it holds what is no UTF-8 text"
        raise EvaluationError(f"{name}{where}: not valid YAML: {said}.", fix="correct the file.") from None


class _Reading:
    """Builds values from events, one after the other, with no recursion that a file could exhaust."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stack: list[_Open] = []
        self.lines: dict[Place, int] = {}
        self.shared: dict[str, str] = {}

    def read(self, events: Iterable[yaml.Event]) -> LinedYaml:
        root: dict[str, Any] = {}
        whole = False
        for event in events:
            line = event.start_mark.line + 1 if event.start_mark else 1
            if whole and isinstance(event, yaml.DocumentStartEvent):
                raise self._fault(line, "a second document begins")
            if not self.stack and not isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                continue  # the stream's and the document's own marks, or a file that is one text
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                self._open(root, event, line)
            elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                done = self.stack.pop()
                whole = not self.stack
                if self.stack:
                    self.stack[-1].add(done.value)
            elif isinstance(event, yaml.ScalarEvent):
                text = event.value.strip()
                if event.anchor:
                    self.shared[event.anchor] = text
                self._text(text, line)
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self.shared:
                    raise self._fault(line, f"*{event.anchor} stands for no text above it")
                self._text(self.shared[event.anchor], line)
        if not whole:
            raise self._no_mapping()
        return LinedYaml(self.name, root, self.lines)

    def _open(self, root: dict[str, Any], event: yaml.Event, line: int) -> None:
        place: Place = ()
        if not self.stack and isinstance(event, yaml.SequenceStartEvent):
            raise self._no_mapping()
        if self.stack:
            above = self.stack[-1]
            if isinstance(above.value, dict) and above.key is None:
                raise self._fault(line, "a key must be a word")
            if len(self.stack) == DEEPEST:
                raise self._fault(line, f"more than {DEEPEST} levels deep")
            place = above.next_place()
            self.lines.setdefault(place, line)
        value: list[Any] | dict[str, Any] = [] if isinstance(event, yaml.SequenceStartEvent) else {}
        self.stack.append(_Open(value if self.stack else root, place))

    def _text(self, text: str, line: int) -> None:
        here = self.stack[-1]
        if isinstance(here.value, dict) and here.key is None:
            if text in here.value:
                first = self.lines[*here.place, text]
                raise self._fault(line, f"the key {shown(text)} stands twice, first in line {first}")
            here.key = text
            self.lines[*here.place, text] = line
            return
        self.lines.setdefault(here.next_place(), line)
        here.add(text)

    def _no_mapping(self) -> EvaluationError:
        return EvaluationError(f"{self.name} is no mapping.", fix="start it with name, version, description, items.")

    def _fault(self, line: int, what: str) -> EvaluationError:
        return EvaluationError(f"{self.name}, line {line}: {what}.", fix="correct the file.")


def faults_of(error: ValidationError, tree: LinedYaml, place: Place, keys: Iterable[str]) -> list[tuple[int, str]]:
    """Return what a record refused of the part at `place`, each with its line; an unknown key with the nearest.

    Unknown keys come first: one that is misspelt is also missing. The texts name keys and never quote a value.
    """
    found = sorted(error.errors(), key=lambda part: part["type"] != UNKNOWN)
    return [_fault(part["type"], part["loc"], part["msg"], tree, place, keys) for part in found]


def _fault(kind: str, loc: Place, message: str, tree: LinedYaml, place: Place, keys: Iterable[str]) -> tuple[int, str]:
    line = tree.line((*place, *loc))
    if kind == UNKNOWN:
        here = keys if len(loc) == 1 else ("statement", "terms")
        near = difflib.get_close_matches(str(loc[-1]), list(here), n=1, cutoff=0.4)
        return line, f"unknown key {shown(str(loc[-1]))}" + (f", the nearest is {near[0]}" if near else "")
    if kind == "value_error":
        return line, message.removeprefix("Value error, ")
    what = KINDS.get(kind) or FORMS.get(kind) or f"is not valid: {message[:1].lower()}{message[1:]}"
    return line, f"{_named(loc)} {what}" if loc else f"the entry {what}"


def _named(loc: Place) -> str:
    """Return a part's name as a person counts: `key_facts 2, terms 1`."""
    words = "".join(f" {part + 1}," if isinstance(part, int) else f" {shown(part)}" for part in loc)
    return words.strip(" ,")


def shown(key: str) -> str:
    """Return a key of the file, short enough for a message."""
    return key if len(key) <= 40 else f"{key[:37]}..."


def refusal(name: str, faults: list[tuple[int, str]], fix: str) -> EvaluationError:
    """Return the error that tells the first faults of a file, each with its line, and how many more there are."""
    told = "; ".join(f"line {line}: {fault}" for line, fault in faults[:SHOWN_FAULTS])
    more = f"; and {len(faults) - SHOWN_FAULTS} more" if len(faults) > SHOWN_FAULTS else ""
    return EvaluationError(f"{name}, {told}{more}.", fix=fix)
