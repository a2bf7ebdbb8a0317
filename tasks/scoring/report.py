"""The report: one page that needs nothing but itself, for people, and the same numbers as JSON, for machines.

No script, no font, no picture is fetched; the page forbids it by its own content security policy. Its texts are
redacted questions and answers, escaped. It does not decide anything.
"""

import tempfile
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from infra.artifacts import ArtifactStore
from tasks.errors import StorageError
from tasks.scoring.report_answers import gains_of, read_sides
from tasks.scoring.report_figures import figures_of
from tasks.scoring.report_input import Figures, ReportInput
from tasks.scoring.report_numbers import FILTERS
from tasks.scoring.report_view import build_view


def save_report(report: ReportInput, store: ArtifactStore, folder: Path) -> Path:
    """Write `report.json` and `index.html` into `folder`, each whole or not at all; return the page's path.

    Raises:
        StorageError: an artifact is missing, or the folder cannot be written.
    """
    page, figures = _draw(report, store)
    numbers = report.model_copy(update={"figures": figures})
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(folder / "report.json", numbers.model_dump_json(indent=2))
        return _write(folder / "index.html", page)
    except OSError as error:
        raise StorageError(
            f"The report cannot be written to {folder}: {error.strerror}.", fix="free space or correct the rights."
        ) from error


def render(report: ReportInput, store: ArtifactStore) -> str:
    """Return the page as HTML.

    Raises:
        StorageError: an artifact that the report names is missing or damaged.
    """
    return _draw(report, store)[0]


def _draw(report: ReportInput, store: ArtifactStore) -> tuple[str, Figures]:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= FILTERS
    sides = read_sides(report, store)
    gains = gains_of(sides, report.rules.primary)
    figures = figures_of(report, sides, gains)
    view = build_view(report, sides, gains, figures, store)
    return environment.get_template("report.html.jinja").render(view), figures


def _write(path: Path, text: str) -> Path:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).chmod(0o600)
    return Path(file.name).replace(path)
