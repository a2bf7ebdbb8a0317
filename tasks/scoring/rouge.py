"""ROUGE-1, -2, -L and -Lsum (Lin 2004): F measures with the values of Google's rouge-score, many times as fast.

The words are those of rouge-score, Porter-stemmed; a word is stemmed once instead of at each occurrence. The
longest common subsequence is counted in bits (Hyyrö 2004) instead of in a table. Lsum differs from L only where a text
has several lines; then rouge-score itself is asked.
"""

import functools
import re
from collections import Counter
from collections.abc import Sequence

from nltk.stem.porter import PorterStemmer  # type: ignore[import-untyped]
from rouge_score.rouge_scorer import RougeScorer

NAMES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
CACHED_WORDS = 2**17

_WORD = re.compile("[a-z0-9]+")
_STEMMER = PorterStemmer()
_OF_LINES = RougeScorer(["rougeLsum"], use_stemmer=True)


def rouge(response: str, reference: str) -> dict[str, float]:
    """Return the F measures (0-1) of `NAMES`; 0 where either text has no word."""
    said, wanted = stems(response), stems(reference)
    longest = _f(_common_subsequence(said, wanted), len(said), len(wanted))
    lines = "\n" in response or "\n" in reference
    return {
        "rouge1": _overlap(said, wanted, 1),
        "rouge2": _overlap(said, wanted, 2),
        "rougeL": longest,
        "rougeLsum": float(_OF_LINES.score(reference, response)["rougeLsum"].fmeasure) if lines else longest,
    }


def stems(text: str) -> list[str]:
    """Return the words of a text as rouge-score counts them: runs of a-z and 0-9, stemmed above three letters."""
    return [stem(word) if len(word) > 3 else word for word in _WORD.findall(text.lower())]


@functools.lru_cache(CACHED_WORDS)
def stem(word: str) -> str:
    """Return the Porter stem of a lower-case word."""
    return str(_STEMMER.stem(word))


def _overlap(said: Sequence[str], wanted: Sequence[str], size: int) -> float:
    ours, theirs = (Counter(zip(*(words[at:] for at in range(size)), strict=False)) for words in (said, wanted))
    return _f((ours & theirs).total(), ours.total(), theirs.total())


def _common_subsequence(said: Sequence[str], wanted: Sequence[str]) -> int:
    """Return the length of the longest common subsequence of two lists of words.

    A zero bit of `row` marks a word of `said` at which the length grows; one addition moves all of them (Hyyrö 2004,
    "Bit-parallel LCS-length computation revisited").
    """
    places: dict[str, int] = {}
    for at, word in enumerate(said):
        places[word] = places.get(word, 0) | 1 << at
    every = (1 << len(said)) - 1
    row = every
    for word in wanted:
        if found := row & places.get(word, 0):
            row = ((row + found) | (row - found)) & every
    return len(said) - row.bit_count()


def _f(common: int, said: int, wanted: int) -> float:
    return 2 * common / (said + wanted) if common else 0.0
