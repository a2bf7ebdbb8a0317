"""What redaction leaves in the place of an identifier, as every later stage knows it again."""

import re

AGGREGATED = "90+"
"""Every age over 89, 45 CFR 164.514(b)(2)(i)(C)."""

REPLACED = (
    "NAME", "GEO", "DATE", "DOB", "PHONE", "FAX", "EMAIL", "SSN", "MRN", "HEALTH_PLAN", "ACCOUNT", "LICENSE",
    "VEHICLE", "DEVICE", "URL", "IP", "BIOMETRIC", "PHOTO", "OTHER_ID",
)  # fmt: skip
"""Every category that has a placeholder."""

PLACEHOLDER = re.compile(rf"\[REDACTED-(?:{'|'.join(REPLACED)})\]")
"""A placeholder, such as `[REDACTED-NAME]`; what only looks like one may hide an identifier."""


def placeholder(category: str) -> str:
    """Return what stands in the place of an identifier whose value is taken away."""
    return AGGREGATED if category == "AGE_OVER_89" else f"[REDACTED-{category}]"
