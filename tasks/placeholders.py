"""What redaction leaves in the place of an identifier, as every later stage knows it again."""

import re

AGGREGATED = "90+"
"""Every age over 89, 45 CFR 164.514(b)(2)(i)(C)."""

PLACEHOLDER = re.compile(r"\[REDACTED-[A-Z0-9_]+\]")
"""A placeholder of any category, such as `[REDACTED-NAME]`."""


def placeholder(category: str) -> str:
    """Return what stands in the place of an identifier whose value is taken away."""
    return AGGREGATED if category == "AGE_OVER_89" else f"[REDACTED-{category}]"
