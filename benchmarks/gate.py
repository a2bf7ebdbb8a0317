"""The gate's false promotions and power on real questions, answered by two pairs of extractive systems.

    python -m benchmarks.gate --pubmedqa pqal_dev.json --medquad medquad_all.jsonl.gz --to calibration [--quick]

PubMedQA: one system quotes the first two sentences of the abstract, the other the last two; the reference is the
authors' conclusion. MedQuAD: each system gives the answer to the question that is nearest among 6,000 others, one by
words, the other by runs of four characters; questions on one disease are one group. The answers are written as
JSON lines, so that `rounds gate calibrate --answers … --answers …` repeats the figures.
"""

import argparse
import gzip
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import orjson
from scipy.sparse import csr_matrix

from flows.gate_commands import run_calibrate
from tasks.scoring.answering import AnswerRow

QUESTIONS, SCORED = 6_000, 1_500
ANSWER_WORDS = 120  # longer ones are cut: ROUGE of a page says little
SIMULATIONS, QUICK_SIMULATIONS = 1_000, 50


def main() -> None:
    """Write the answers and calibrate the gate on each pair."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pubmedqa", type=Path)
    parser.add_argument("--medquad", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    chosen = parser.parse_args()
    simulations = QUICK_SIMULATIONS if chosen.quick else SIMULATIONS
    for source, made in ((chosen.pubmedqa, from_abstracts), (chosen.medquad, from_nearest)):
        if source is not None:
            files = [
                write(chosen.to / f"{source.name.partition('.')[0]}-{at}.jsonl", rows) for at, rows in made(source)
            ]
            run_calibrate("", files, "100,500,1000", simulations, 0.01, files[0].with_suffix(""), as_json=False)


def from_abstracts(file: Path) -> list[tuple[str, list[AnswerRow]]]:
    """Return the first and the last sentences of PubMedQA's abstracts as answers."""
    items = orjson.loads(file.read_bytes())
    return [(name, [_quoted(key, item, part) for key, item in items.items()]) for name, part in PARTS.items()]


PARTS: dict[str, slice] = {"first": slice(2), "last": slice(-2, None)}


def _quoted(key: str, item: dict[str, Any], part: slice) -> AnswerRow:
    context = " ".join(item["CONTEXTS"])
    sentences = [sentence for sentence in re.split(r"(?<=[.!?])\s+", context) if sentence]
    said = " ".join(sentences[part])
    return answer(key, item["QUESTION"], said, item["LONG_ANSWER"], category=item["final_decision"], context=context)


def from_nearest(file: Path) -> list[tuple[str, list[AnswerRow]]]:
    """Return the answers to the nearest other questions of MedQuAD, by words and by characters."""
    with gzip.open(file) as lines:
        rows = [row for row in map(orjson.loads, lines) if (row["answer"] or "").strip()]
    Random(5).shuffle(rows)
    rows = rows[:QUESTIONS]
    asked = [row["question"].lower() for row in rows]
    pairs = {"words": words_of, "characters": runs_of}
    return [
        (name, [_borrowed(at, rows[at], rows[near]) for at, near in enumerate(nearest(asked, split))])
        for name, split in pairs.items()
    ]


def _borrowed(at: int, row: dict[str, Any], near: dict[str, Any]) -> AnswerRow:
    said, reference = (" ".join(one["answer"].split()[:ANSWER_WORDS]) for one in (near, row))
    fields = {"category": row["qtype"], "source": row["source"], "group": row["focus"]}
    return answer(f"m{at}", row["question"], said, reference, **fields)


def words_of(text: str) -> list[str]:
    """Return the words of a text."""
    return re.findall(r"\w+", text)


def runs_of(text: str) -> list[str]:
    """Return the runs of four characters of a text."""
    return [text[at : at + 4] for at in range(len(text) - 3)]


def nearest(texts: list[str], split: Callable[[str], list[str]]) -> list[int]:
    """Return for each of the first texts the place of the nearest other one: cosine of TF-IDF."""
    counted = [Counter(split(text)) for text in texts]
    frequency = Counter(part for counts in counted for part in counts)
    place = {part: at for at, part in enumerate(frequency)}
    rows, columns, values = [], [], []
    for row, counts in enumerate(counted):
        weights = {part: count * math.log(len(texts) / frequency[part]) for part, count in counts.items()}
        length = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        rows += [row] * len(weights)
        columns += [place[part] for part in weights]
        values += [weight / length for weight in weights.values()]
    vectors = csr_matrix((values, (rows, columns)), shape=(len(texts), len(place)))
    found: list[int] = []
    for at in range(0, SCORED, 250):
        alike = (vectors[at : at + 250] @ vectors.T).toarray()
        alike[np.arange(len(alike)), np.arange(at, at + len(alike))] = -1
        found += alike.argmax(axis=1).tolist()
    return found


def answer(key: str, question: str, said: str, reference: str, **fields: str) -> AnswerRow:
    """Return an answer that no model was needed for."""
    return AnswerRow.model_validate(
        {"id": key, "difficulty": "", "question": question, "reference": reference, "response": said}
        | {"prompt_tokens": 0, "completion_tokens": 0, "reference_tokens": 0, "finish_reason": "stop"}
        | {"time_seconds": 0.0, "timestamp": "2026-01-01T00:00:00.000+00:00"}
        | fields
    )


def write(file: Path, rows: Iterable[AnswerRow]) -> Path:
    """Write answers as JSON lines and return where."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"".join(orjson.dumps(row.model_dump()) + b"\n" for row in rows))
    return file


if __name__ == "__main__":
    main()
