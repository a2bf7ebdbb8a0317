"""Near-duplicates among made-up documents: ours beside datasketch's MinHash, and both beside the exact rule.

Both read the same texts, take their runs of five words and go through them in the same order; what nearly repeats a
document that stays is left out. Ours compares hashes of all runs where a near-duplicate is possible, datasketch asks
bands of 128 permutations and believes what it finds. Of the documents, one in eight is an earlier one with some of its
words changed, from hardly any to so many that it is none; a tenth share a paragraph, as notes of one clinic do.
"""

import functools
import hashlib
import importlib
import logging
from collections import defaultdict
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from benchmarks.figures import Figure, main, rates
from tasks.dataset.curation import normalised
from tasks.dataset.near_duplicates import RUN_WORDS, SAME, sign

log = logging.getLogger(__name__)

DOCUMENTS, QUICK_DOCUMENTS, SAMPLE = 30_000, 4_000, 4_000
PERMUTATIONS = 128
INSTALL = "datasketch is not installed, so it is not compared. Fix: uv pip install datasketch"
MEDIAN_WORDS = 150  # as the answers of MedQuAD


def measure(quick: bool) -> Sequence[Figure]:
    """Time both over all documents, and count what they keep of a sample beside the exact rule."""
    texts = documents(QUICK_DOCUMENTS if quick else DOCUMENTS)
    sample = texts[:SAMPLE]
    exact = kept_exactly(sample)
    figures = [Figure("dataset.near_duplicates.kept", kept(sample), exact, "documents", len(sample))]
    if datasketch := installed_datasketch():
        log.warning("of %d documents the exact rule keeps %d, datasketch %d", len(sample), exact, datasketch(sample))
        ours, other = rates(len(texts), lambda: kept(texts), lambda: datasketch(texts))
        figures.append(Figure("dataset.near_duplicates", ours, other, "documents/s", len(texts)))
    return figures


def documents(count: int) -> list[str]:
    """Return made-up documents, always the same."""
    rng = Random(5)
    vocabulary = [f"{begin}{end}" for begin in _syllables(rng, 150) for end in _syllables(rng, 150)]
    shares = [1 / (rank + 3) for rank in range(len(vocabulary))]  # words are as frequent as in any text (Zipf)
    drawn = iter(rng.choices(vocabulary, shares, k=count * 3 * MEDIAN_WORDS))
    paragraph = [next(drawn) for _ in range(80)]
    made: list[list[str]] = []
    for number in range(count):
        if number % 8 == 7:
            changed = rng.random() ** 2 * 0.1
            words = [next(drawn) if rng.random() < changed else word for word in rng.choice(made)]
        else:
            words = [next(drawn) for _ in range(min(int(rng.lognormvariate(0, 0.8) * MEDIAN_WORDS) + 5, 1000))]
            words += paragraph if number % 10 == 0 else []
        made.append(words)
    return [" ".join(words) for words in made]


def kept(texts: Sequence[str]) -> int:
    """Return how many documents stay, by the rule of the pipeline."""
    keys = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(len(texts))]
    signed = sign((key, text, "") for key, text in zip(keys, texts, strict=True))
    return len(texts) - len(signed.repeats(keys))


def installed_datasketch() -> Callable[[Sequence[str]], int] | None:
    """Return how many documents stay by datasketch, or say how to install it."""
    try:
        library = importlib.import_module("datasketch")
    except ImportError:
        log.warning(INSTALL)
        return None
    return functools.partial(kept_by_datasketch, library)


def kept_by_datasketch(library: Any, texts: Sequence[str]) -> int:
    """Return how many documents stay, by MinHash with bands as datasketch's documentation uses it."""
    index, staying = library.MinHashLSH(threshold=SAME, num_perm=PERMUTATIONS), 0
    for number, text in enumerate(texts):
        sketch = library.MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([run.encode() for run in _runs(text)])
        if not index.query(sketch):
            index.insert(number, sketch)
            staying += 1
    return staying


def kept_exactly(texts: Sequence[str]) -> int:
    """Return how many documents stay where each is compared with every one that shares a run with it."""
    index: defaultdict[str, list[int]] = defaultdict(list)
    staying: list[set[str]] = []
    for text in texts:
        runs = _runs(text)
        shared: defaultdict[int, int] = defaultdict(int)
        for run in runs:
            for other in index[run]:
                shared[other] += 1
        if not any(n >= SAME * (len(runs) + len(staying[other]) - n) for other, n in shared.items()):
            for run in runs:
                index[run].append(len(staying))
            staying.append(runs)
    return len(staying)


def _runs(text: str) -> set[str]:
    words = normalised(text).split()
    return {" ".join(words[at : at + RUN_WORDS]) for at in range(max(len(words) - RUN_WORDS + 1, 1))}


def _syllables(rng: Random, count: int) -> list[str]:
    return ["".join(rng.choice(letters) for letters in ("bdfgklmnprstv", "aeiou", "lmnrst")) for _ in range(count)]


if __name__ == "__main__":
    main(__doc__ or "", measure)
