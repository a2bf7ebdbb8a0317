"""The report: one page that needs nothing but itself, for people, and the same numbers as JSON, for machines.

No script, no font, no picture is fetched; the page forbids it by its own content security policy. Its texts are
redacted questions and answers, escaped. It does not decide anything.
"""

import tempfile
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from infra.artifacts import ArtifactStore
from tasks.errors import StorageError
from tasks.scoring.report_input import ReportInput
from tasks.scoring.report_view import build_view


def save_report(report: ReportInput, store: ArtifactStore, folder: Path) -> Path:
    """Write `report.json` and `index.html` into `folder`, each whole or not at all; return the page's path.

    Raises:
        StorageError: an artifact is missing, or the folder cannot be written.
    """
    page = render(report, store)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(folder / "report.json", report.model_dump_json(indent=2))
        return _write(folder / "index.html", page)
    except OSError as error:
        raise StorageError(
            f"The report cannot be written to {folder}: {error.strerror}.", fix="free space or correct the rights."
        ) from error


def render(report: ReportInput, store: ArtifactStore) -> str:
    """Return the page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": _count, "size": _size, "duration": _duration, "words": _words}
    return environment.get_template("report.html.jinja").render(build_view(report, store))


def _write(path: Path, text: str) -> Path:
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).chmod(0o600)
    return Path(file.name).replace(path)


def _count(value: int) -> str:
    return f"{value:,}"


def _size(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.2f} GiB"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def _words(identifier: str) -> str:
    return identifier.replace("_", " ")
