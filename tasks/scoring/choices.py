"""Read a choice out of an answer and judge it: letters of a multiple-choice item, or yes, no, maybe.

In this order: what is called the answer ("the answer is (B)", the last one if there are several); a letter, or yes, no,
maybe, with which the answer begins; the only letter in brackets or behind `option`; the only option whose text the
answer holds; the only letter in an answer of a few words. An answer that names none, or several, is unreadable and
counts as wrong. Calibration is after Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
"""

import math
import re
from collections.abc import Mapping, Sequence

import numpy as np

from tasks.records import Estimate
from tasks.scoring.derived import Floats, derived_interval
from tasks.scoring.statements import holds
from tasks.scoring.suites import Asked, Statement

VERDICTS = ("yes", "no", "maybe")
BINS = 10  # as in Guo et al.'s reliability diagrams with 15; fewer, because suites are smaller
FEW_WORDS = 6

_MARKUP = re.compile(r"\*\*|__|`|\$|\\boxed|\\text")
_CALLED = (
    r"(?:answer|choice|option|conclusion|verdict)\s*(?:(?:is|would be|should be)\s*:?|:|=|-)\s*"
    r"(?:most likely |probably |clearly )?(?:the )?(?:option |choice |letter )?[({\[\"“']*"
)
_LETTER_ENDS = r"(?![\w'’])(?!(?<=A) (?!because|since|as\b|is\b|or\b|and\b|due|based)[a-z])"  # `A patient` is no choice


def read_choice(response: str, choices: Mapping[str, str]) -> str:
    """Return the letter of `choices` that an answer names, or yes, no, maybe without letters; empty if unreadable."""
    text = _MARKUP.sub("", response).strip()
    return _verdict(text) if set(choices) <= set(VERDICTS) else _letter(text, choices)


def chooses_right(item: Asked, response: str) -> bool:
    """Say whether the answer names the item's right choice."""
    return read_choice(response, item.choices).casefold() == item.choice.casefold() != ""


def _verdict(text: str) -> str:
    words = "|".join(VERDICTS)
    if called := _called(text, rf"({words})\b(?! and no\b| or no\b)", re.IGNORECASE):
        return called.lower()
    # `No significant difference` denies something, `No, it does not` answers.
    opening = re.match(
        rf"[\"“'(]*({words})(?=[\"”')]*(?:[.,;:!\n]|\s*$|\s+[-–—]|\s+(?:it|they|this|these|there|the|we)\b))",
        text,
        re.IGNORECASE,
    )
    return opening[1].lower() if opening else ""


def _letter(text: str, choices: Mapping[str, str]) -> str:
    letters = "|".join(re.escape(letter) for letter in choices)
    if called := _called(text, rf"({letters}){_LETTER_ENDS}", 0):
        return called
    opening = re.match(rf"[(\[]?(?:[Oo]ption |[Cc]hoice )?({letters})(?:[)\].:,]|\s*$|\s*[-–—]\s|\n)", text)
    if opening:
        return str(opening[1])
    marked = re.findall(rf"[(\[]({letters})[)\]]|\b[Oo]ption ({letters})\b", text)
    if len(named := {first or second for first, second in marked}) == 1:
        return str(named.pop())
    if len(held := _held(text, choices)) == 1:
        return held.pop()
    alone: set[str] = set(re.findall(rf"(?<![\w'’])(?<!\bnot )({letters}){_LETTER_ENDS}", text))
    return alone.pop() if len(alone) == 1 and len(text.split()) <= FEW_WORDS else ""


def _called(text: str, wanted: str, flags: int) -> str:
    """Return what the answer last calls its answer."""
    found = [match[1] for match in re.finditer(rf"(?i:{_CALLED})(?:{wanted})", text, flags)]
    return str(found[-1]) if found else ""


def _held(text: str, choices: Mapping[str, str]) -> set[str]:
    """Return the letters whose texts the answer says and does not deny; of two, one within the other, the longer."""
    said = _plain(text)
    if same := {letter for letter, option in choices.items() if _plain(option) == said}:
        return same
    held = {letter: option for letter, option in choices.items() if option and holds(_says(option), text)}
    plain = {letter: f" {_plain(option)} " for letter, option in held.items()}
    return {letter for letter in held if not any(plain[letter] in plain[o] for o in held if plain[o] != plain[letter])}


def _says(option: str) -> Statement:
    return Statement(statement=option, terms=((option,),))


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+(?:[.,]\d+)*", text.casefold()))


def macro_f1(right: Sequence[str], chosen: Sequence[str], groups: Sequence[str] | None = None) -> Estimate:
    """Return the mean F1 of the classes that some item has (0-1), with its interval over groups of items.

    An unreadable answer (empty) misses its class and is a false alarm of none. F1 of a class is
    2 TP / (2 TP + FP + FN), as in scikit-learn's `f1_score(average="macro", labels=classes, zero_division=0)`.
    """
    classes = sorted(set(right))
    columns: dict[str, list[float]] = {}
    for name in classes:
        columns[f"tp {name}"] = [float(r == c == name) for r, c in zip(right, chosen, strict=True)]
        columns[f"size {name}"] = [float((r == name) + (c == name)) for r, c in zip(right, chosen, strict=True)]
    return derived_interval(columns, groups, _macro)


def confidences(logprobs: Mapping[str, float]) -> dict[str, float]:
    """Return each option's share of the options' probability (0-1), from their natural log-probabilities."""
    highest = max(logprobs.values())
    odds = {option: math.exp(value - highest) for option, value in logprobs.items()}
    return {option: value / sum(odds.values()) for option, value in odds.items()}


def calibration_error(
    confidence: Sequence[float], right: Sequence[bool], groups: Sequence[str] | None = None
) -> Estimate:
    """Return the expected calibration error (0-1): |accuracy − confidence| of ten equal bins, weighted by their items.

    `confidence` is that of the chosen option. It is biased upwards on few items, since every bin has its noise.
    """
    bins = [min(int(value * BINS), BINS - 1) for value in confidence]
    gaps = [float(is_right) - value for value, is_right in zip(confidence, right, strict=True)]
    columns = {
        str(bin_): [gap if of == bin_ else 0.0 for of, gap in zip(bins, gaps, strict=True)]
        for bin_ in sorted(set(bins))
    }
    return derived_interval(columns, groups, lambda means: np.abs(means).sum(axis=1))


def _macro(means: Floats) -> Floats:
    """Return the macro F1 of each row of means; a class that a draw lacks is left out of that draw."""
    hits, sizes = means[:, 0::2], means[:, 1::2]
    seen = sizes > 0
    f1 = np.divide(2 * hits, sizes, out=np.zeros_like(hits), where=seen)
    mean: Floats = f1.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return mean
