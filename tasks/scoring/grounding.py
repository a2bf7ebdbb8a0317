"""Whether the numbers, doses, dates and drugs of an answer stand in what was given: context and question.

Each is a claim; the share of claims that are borne out is what is measured. A claim in other words is borne out if the
values are equal (`0.5 g` and `500 mg`); what was computed from what was given is not. A dose is borne out by an equal
dose, a bare number by that number with or without a unit, a duration or an age also by the bare number. It sees that a
value was given, not of what: the right dose of the wrong drug is borne out.
"""

import functools
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from tasks.scoring.drug_names import drugs_of, plain_words
from tasks.scoring.quantities import SOFT, Date, Quantity, dates_of, numbers_in_words, quantities_of, same_date

Claim = tuple[str, str]  # date, dose, number or drug; and the value


class Given(NamedTuple):
    """What a text gives: dates in every reading, numbers with and without units, numbers in words and years, words."""

    dates: tuple[Date, ...]
    quantities: tuple[Quantity, ...]
    numbers: frozenset[Fraction]
    words: frozenset[str]


def grounded_share(response: str, given: str) -> float:
    """Return the share (0-1) of an answer's claims that `given` bears out; 1 if it claims nothing."""
    checked = list(_checked(response, given))
    invented = {claim for claim, borne_out in checked if not borne_out}
    return 1 - len(invented) / len(dict(checked)) if checked else 1.0


def claims_of(response: str) -> frozenset[Claim]:
    """Return the dates, doses, numbers and drugs of an answer, each once."""
    return frozenset(claim for claim, _ in _checked(response, ""))


def ungrounded(response: str, given: str) -> frozenset[Claim]:
    """Return the claims of an answer that `given` does not bear out. They are clinical text: never log them."""
    return frozenset(claim for claim, borne_out in _checked(response, given) if not borne_out)


@functools.lru_cache(512)
def _read(given: str) -> Given:
    """Return what a text gives; remembered, because two models are asked about the same one."""
    dates = tuple(date for readings in dates_of(given) for date in readings)
    numbers = frozenset(numbers_in_words(given) | {Fraction(date[0]) for date in dates})
    return Given(dates, tuple(quantities_of(given)), numbers, plain_words(given))


def _checked(response: str, given: str) -> Iterator[tuple[Claim, bool]]:
    known = _read(given)
    for readings in dates_of(response):
        said = any(same_date(date, other) for date in readings for other in known.dates)
        yield ("date", " or ".join(sorted("{:04d}-{:02d}-{:02d}".format(*date) for date in readings))), said
    for quantity in quantities_of(response):
        said = not quantity.unit and quantity.written in known.numbers
        said = said or any(_bears_out(other, quantity) for other in known.quantities)
        yield ("dose" if quantity.unit else "number", f"{float(quantity.value):g} {quantity.unit}".strip()), said
    for drug in drugs_of(response):
        yield ("drug", drug), bool({drug, f"{drug}s"} & known.words)


def _bears_out(given: Quantity, claimed: Quantity) -> bool:
    if not claimed.unit:
        return given.written == claimed.written
    if given.unit:
        return (given.unit, given.value) == (claimed.unit, claimed.value)
    return claimed.unit in SOFT and given.written == claimed.written
