"""Make suite files of question sets that users bring.

| form | rows | source |
|---|---|---|
| `pubmedqa` | QUESTION, CONTEXTS, LONG_ANSWER, final_decision | Jin et al., 2019, https://aclanthology.org/D19-1259/ |
| `medquad` | question, answer, qid, doc_id, source | Ben Abacha and Demner-Fushman, 2019, BMC Bioinformatics 20:511 |
| `medqa` | question, options, answer_idx | Jin et al., 2021, https://arxiv.org/abs/2009.13081 |
| `medmcqa` | question, opa to opd, cop | Pal et al., 2022, https://arxiv.org/abs/2203.14371 |
| `grounded` | context, question, answer; no or null answer: not mentioned | one's own discharge documents, redacted |

What is no item is counted under a reason, with its place, and never quoted. The same rows with the same seed make the
same file. Not covered: key facts and dangers, which no set has; they are written by people.
"""

import hashlib
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import yaml
from pydantic import ValidationError

from tasks.errors import EvaluationError
from tasks.records import NOT_MENTIONED
from tasks.scoring.question_files import Row, question_rows
from tasks.scoring.suites import JUDGEMENTS, SuiteItem

Form = Literal["pubmedqa", "medquad", "medqa", "medmcqa", "grounded"]
NAMED_PLACES = 3  # a reason
LETTERS = "ABCD"

Fields = Mapping[str, Any]


class Unusable(Exception):
    """A row that makes no item; its text is the reason, without text of the row."""


@dataclass
class Imported:
    """The items of a question set, and what was left out."""

    items: list[SuiteItem] = field(default_factory=list)
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)  # reason → the first places

    def reject(self, reason: str, place: str) -> None:
        """Count a row under a reason; the first three are named."""
        self.rejected[reason] += 1
        if len(named := self.places.setdefault(reason, [])) < NAMED_PLACES:
            named.append(place)


def import_items(form: Form, path: Path, *, limit: int | None = None, seed: int = 0) -> Imported:
    """Return the items of a question set in its order; of more than `limit`, a random draw by `seed`.

    An item that asks what an earlier one asked, over the same context, is left out.

    Raises:
        EvaluationError: the file cannot be read, or none of its rows has the form.
    """
    rows = list(question_rows(path))
    imported = Imported(rows=len(rows))
    make = _medmcqa_from(rows, path.name) if form == "medmcqa" else _MAKERS[form]
    asked, ids = set[str](), set[str]()
    for place, row in rows:
        try:
            item = _made(make, row, place)
            question = " ".join(f"{item.context} {item.question}".casefold().split())
            if question in asked:
                raise Unusable("the question of an earlier row")
            if item.id in ids:
                raise Unusable("the id of an earlier row")
        except Unusable as reason:
            imported.reject(str(reason), place)
            continue
        asked.add(question)
        ids.add(item.id)
        imported.items.append(item)
    if not imported.items:
        raise EvaluationError(
            f"{path.name}: none of its {len(rows)} rows is an item of {form} ({_told(imported)}).",
            fix=f"give the form that the file has, one of {', '.join(get_args(Form))}, or the set's own file.",
        )
    if limit is not None and limit < len(imported.items):
        drawn = sorted(random.Random(seed).sample(range(len(imported.items)), limit))
        imported.items = [imported.items[place] for place in drawn]
    return imported


def suite_text(items: Iterable[SuiteItem], *, name: str, version: str, description: str) -> Iterator[bytes]:
    """Yield the lines of a suite file with these items; what an item does not say is left out of it."""
    head = {"name": name, "version": version, "description": description}
    yield _yaml(head) + b"items:\n"
    for item in items:
        told = item.model_dump(exclude_defaults=True)
        told["choices"] = dict(item.choices)
        yield _yaml([{key: value for key, value in told.items() if value not in ("", {}, ())}])


def fingerprint(path: Path) -> str:
    """Return the first 12 digits of the SHA-256 of a file, or of all XML files under a folder with their names."""
    files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.relative_to(path) if path.is_dir() else ''}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _yaml(value: object) -> bytes:
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=110, encoding="utf-8")
    return bytes(text)


def _told(imported: Imported) -> str:
    return ", ".join(f"{reason}: {count}" for reason, count in imported.rejected.most_common()) or "the file is empty"


def _made(make: Callable[[Fields, str], SuiteItem], row: Fields | None, place: str) -> SuiteItem:
    if row is None:
        raise Unusable("no object")
    try:
        return make(row, place)
    except ValidationError as error:
        first = error.errors()[0]
        where = str(first["loc"][0]) if first["loc"] else "item"
        empty = first["type"] == "string_too_short"
        raise Unusable(f"{where} empty" if empty else f"{where} not as a suite has it") from None
    except KeyError as error:
        raise Unusable(f"no field {error.args[0]}") from None


def _text(row: Fields, name: str) -> str:
    if not isinstance(value := row[name], str):
        raise Unusable(f"{name} is no text")
    return value.strip()


def _id(prefix: str, *parts: str) -> str:
    """Return an id for a row that brings none: the same row has it wherever it stands."""
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return f"{prefix}-{digest[:12]}"


def _pubmedqa(row: Fields, place: str) -> SuiteItem:
    decision = _text(row, "final_decision") if "final_decision" in row else ""
    if decision not in JUDGEMENTS:
        raise Unusable("no final_decision of yes, no or maybe")
    pmid = str(row.get("PMID") or place)
    if not re.fullmatch(r"\d{1,8}", pmid):
        raise Unusable("no PMID")
    if not isinstance(contexts := row["CONTEXTS"], list) or not all(isinstance(part, str) for part in contexts):
        raise Unusable("CONTEXTS is no list of texts")
    if not (conclusion := _text(row, "LONG_ANSWER")):
        raise Unusable("LONG_ANSWER empty")
    return SuiteItem(
        id=f"pubmedqa-{pmid}",
        category="biomedical research",
        question=_text(row, "QUESTION"),
        reference=f"{decision.capitalize()}. {conclusion}",
        reference_source=f"PubMedQA (MIT), conclusion of PMID {pmid}",
        source="pubmedqa",
        group=f"pubmed:{pmid}",  # the group of the paper itself, as in datasets
        context="\n".join(part.strip() for part in contexts),
        choice=decision,
    )


def _medquad(row: Fields, place: str) -> SuiteItem:
    source, qid, question = _text(row, "source"), _text(row, "qid"), _text(row, "question")
    document = row.get("doc_id") or qid.rpartition("-")[0]
    if not (answer := "\n".join(" ".join(line.split()) for line in _text(row, "answer").splitlines() if line.strip())):
        raise Unusable("answer empty (MedQuAD leaves out those under copyright)")
    return SuiteItem(
        id=_id(f"medquad-{source}-{qid}", question)[:-6],  # two of its documents share a number
        category=_text(row, "qtype") or "question",
        question=question,
        reference=answer,
        reference_source=f"MedQuAD (CC BY 4.0), {row.get('url') or source}",
        source="medquad",
        group=f"medquad:{source}:{document}",
    )


def _medqa(row: Fields, place: str) -> SuiteItem:
    question, options, right = _text(row, "question"), row["options"], _text(row, "answer_idx")
    if not isinstance(options, dict) or not all(isinstance(option, str) for option in options.values()):
        raise Unusable("options is no object of texts")
    told = _choices({letter: text.strip() for letter, text in options.items()}, right)
    if "answer" in row and _text(row, "answer") != told[right]:
        raise Unusable("answer is not the text of answer_idx")
    return SuiteItem(
        id=_id("medqa", question, *told.values()),
        category=str(row.get("meta_info") or "USMLE"),
        question=question,
        reference=f"{right}. {told[right]}",
        reference_source="MedQA, question bank of the medical licensing examination",
        source="medqa",
        choices=told,
        choice=right,
    )


def _medmcqa_from(rows: Iterable[Row], name: str) -> Callable[[Fields, str], SuiteItem]:
    """Return the reader of MedMCQA that counts `cop` as this file does: the authors' from 1, Hugging Face's from 0.

    Raises:
        EvaluationError: the file holds both 0 and 4, or neither.
    """
    seen = {row.get("cop") for _, row in rows if row is not None} & {0, 4}
    if len(seen) != 1:
        how = (
            "both 0 and 4, so it is no number of four" if seen else "neither 0 nor 4, so it may count from 0 or from 1"
        )
        raise EvaluationError(f"{name}: cop, the right option, holds {how}.", fix="give a whole file of one origin.")
    first = 1 if 4 in seen else 0
    return lambda row, _: _medmcqa(row, first)


def _medmcqa(row: Fields, first: int) -> SuiteItem:
    place = row["cop"]
    if not isinstance(place, int) or not first <= place <= first + 3:
        raise Unusable("cop names no option (the test part has none)")
    letter = LETTERS[place - first]
    told = _choices({name: _text(row, f"op{name.lower()}") for name in LETTERS}, letter)
    question = _text(row, "question")
    return SuiteItem(
        id=f"medmcqa-{row['id']}" if row.get("id") else _id("medmcqa", question, *told.values()),
        category=str(row.get("subject_name") or "medicine"),
        question=question,
        reference=f"{letter}. {told[letter]}",
        reference_source="MedMCQA, question bank of the AIIMS and NEET PG entrance examinations",
        source="medmcqa",
        choices=told,
        choice=letter,
    )


def _choices(options: dict[str, str], right: str) -> dict[str, str]:
    if not options.get(right):
        raise Unusable("the right option is not among the options")
    if not all(options.values()):
        raise Unusable("an option is empty")
    if len({text.casefold() for text in options.values()}) < len(options):
        raise Unusable("two options are alike")
    return options


def _grounded(row: Fields, place: str) -> SuiteItem:
    context, question = _text(row, "context"), _text(row, "question")
    if not context:
        raise Unusable("context empty")
    answer = _text(row, "answer") if row.get("answer") is not None else ""
    answerable = answer not in ("", NOT_MENTIONED)
    if row.get("answerable") not in (None, answerable):
        raise Unusable("answerable does not fit the answer")
    return SuiteItem(
        id=str(row.get("id") or _id("grounded", context, question)),
        category=str(row.get("category") or ("answered" if answerable else "not mentioned")),
        question=question,
        reference=answer if answerable else NOT_MENTIONED,
        reference_source="the context",
        source="grounded",
        group=str(row.get("group") or _id("document", context)),
        context=context,
        answerable=answerable,
        safety=not answerable,
    )


_MAKERS: Mapping[Form, Callable[[Fields, str], SuiteItem]] = {
    "pubmedqa": _pubmedqa,
    "medquad": _medquad,
    "medqa": _medqa,
    "grounded": _grounded,
}
