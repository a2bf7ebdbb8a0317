"""How the report writes numbers: digits that mean something, a true minus sign, and units that people use."""

from collections.abc import Callable
from typing import Any

from tasks.records import Estimate


def count(value: int) -> str:
    """Write a whole number with its thousands apart."""
    return f"{value:,}"


def size(value: float) -> str:
    """Write bytes in the largest unit that leaves a number of at least 1."""
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.2f} GiB"


def duration(seconds: float) -> str:
    """Write seconds as ms, s, minutes or hours."""
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def words(identifier: str) -> str:
    """Write an identifier with spaces for underscores."""
    return identifier.replace("_", " ")


def number(value: float, *, signed: bool = False) -> str:
    """Write a measured value: three decimals below 10, one below 1,000, none above; a rounded zero has no sign."""
    size_of = abs(value)
    digits = 3 if size_of < 10 else 1 if size_of < 1000 else 0
    text = f"{value:{'+' if signed else ''},.{digits}f}" if size_of < 1e9 else f"{value:{'+' if signed else ''}.3g}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def signed_number(value: float) -> str:
    """Write a difference: as `number`, with its sign."""
    return number(value, signed=True)


def estimate(value: Estimate, *, signed: bool = False) -> str:
    """Write a mean with its interval; one item has none."""
    mean = number(value.value, signed=signed)
    if value.n < 2:
        return f"{mean} (one item)"
    return f"{mean} ({number(value.low, signed=signed)} to {number(value.high, signed=signed)})"


def p_value(value: float) -> str:
    """Write a p value with three decimals, never as 0."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


FILTERS: dict[str, Callable[..., Any]] = {
    "count": count,
    "size": size,
    "duration": duration,
    "words": words,
    "number": number,
    "signed": signed_number,
    "estimate": estimate,
    "p_value": p_value,
}
