"""The review as one page that needs nothing but itself: items with highlights, buttons and keys, verdicts to download.

The page holds PHI and says so. It fetches nothing, and its content security policy admits the one style and the one
script that are in it, by their digests, so that no text of an item could run even if it were not escaped.
"""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tasks.phi.categories import CATEGORIES
from tasks.phi.review import Key, Sample, Verdict, visible

HERE = Path(__file__).parent
WITH_DIGIT = ("NAME", "GEO", "DATE", "DOB", "PHONE", "MRN", "SSN", "EMAIL", "OTHER_ID")  # the keys 1 to 9


def render(sample: Sample, verdicts: Mapping[Key, tuple[Verdict, str]], *, file: str, note: str) -> str:
    """Return the page as HTML; verdicts that are stored already are shown as given.

    Args:
        sample: what is shown.
        verdicts: key → verdict and category.
        file: the name of the file of texts, for the command that reads the verdicts back.
        note: how the sample was drawn, for the page's head.
    """
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style, script = (_source(f"review_page.{kind}.jinja") for kind in ("css", "js"))
    sections = (("Findings", sample.findings), ("Near misses", sample.near_misses))
    return environment.get_template("review_page.html.jinja").render(
        categories=CATEGORIES,
        file=visible(file),
        note=note,
        script=Markup(script),  # noqa: S704  # a file of this folder
        script_digest=_digest(script),
        sections=sections,
        style=Markup(style),  # noqa: S704  # a file of this folder
        style_digest=_digest(style),
        verdicts=verdicts,
        with_digit=WITH_DIGIT,
        visible=visible,
    )


def _source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _digest(source: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
