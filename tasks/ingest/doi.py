"""What is taken for a DOI. ISO 26324 allows more, but one with white space, or as long as a page, is a mistake."""

import re

DOI = re.compile(r"10\.\d{4,9}/[^\s@]{1,180}")


def doi_or_none(text: str) -> str:
    """Return a DOI as it is written, or an empty text where it is none."""
    return text if DOI.fullmatch(text) else ""
