"""Which engine finds identifiers: libraries, rules, lists and model, without importing any of them.

It goes into every certificate and into the cache key of a redaction, so that a changed rule or list redacts anew. It
does not name the policy, which has a version of its own.
"""

import functools
import hashlib
import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

from tasks.errors import ConfigError
from tasks.records import PhiMode

STAGE = Path(__file__).parent
_LIBRARIES = ("presidio-analyzer", "phonenumbers", "python-stdnum")
_TAGGER_LIBRARIES = ("numpy", "spacy")
# What shows, judges and moves rows; a change there voids no certificate. The tagger has a digest of its own.
_NOT_DETECTION = frozenset(
    {"__pycache__", "tagger", "sql", "evaluation.py", "line_files.py", "near_misses.py", "pool.py", "verdicts.py"}
    | {"review.py", "review_page.py", "review_page.css.jinja", "review_page.html.jinja", "review_page.js.jinja"}
)


def engine_version(mode: PhiMode = "rules", tagger: Path | None = None, extra: Path | None = None) -> str:
    """Return the versions of libraries and the first 12 digits of the SHA-256 of rules, lists and, if strict, model.

    Such as `presidio-analyzer-2.2.366+…+rules-3f9a61c0b2d4+lists-77ab01234567`; strict mode adds `+tagger-…+reader-…`,
    further recognizers `+extra-…`. `tagger` is the folder of a model, `extra` the file that names the recognizers; what
    these load from elsewhere is known by that name alone.

    Raises:
        ConfigError: strict mode without a model, or a model that is not there.
    """
    parts = [*_own_parts(STAGE)]
    if mode == "strict":
        parts += [f"{library}-{importlib.metadata.version(library)}" for library in _TAGGER_LIBRARIES]
        parts.append(f"tagger-{_tagger_digest(tagger)}")
        parts.append(f"reader-{_digest(STAGE, (p for p in (STAGE / 'tagger').iterdir() if p.is_file()))}")
    if extra is not None:
        parts.append(f"extra-{_file_digest(extra)}")
    return "+".join(parts)


@functools.cache  # the code of this process does not change while it runs; a tagger may be trained meanwhile
def _own_parts(stage: Path) -> tuple[str, ...]:
    """Return the versions of libraries, and of the rules and lists below that folder."""
    libraries = (f"{library}-{importlib.metadata.version(library)}" for library in _LIBRARIES)
    sources = [p for p in stage.rglob("*") if p.is_file() and not set(p.relative_to(stage).parts) & _NOT_DETECTION]
    rules = _digest(stage, (p for p in sources if p.suffix == ".py"))
    lists = _digest(stage, (p for p in sources if p.suffix != ".py"))
    return (*libraries, f"rules-{rules}", f"lists-{lists}")


def _tagger_digest(tagger: Path | None) -> str:
    if tagger is None or not tagger.is_dir():
        raise ConfigError("Strict mode needs a tagger, and none is there.", fix="run `rounds phi train-tagger`")
    return _digest(tagger, (p for p in tagger.rglob("*") if p.is_file()))


def _file_digest(extra: Path) -> str:
    if not extra.is_file():
        raise ConfigError(f"{extra} is no file of recognizers.", fix="correct ROUNDS_PHI_RECOGNIZERS, or unset it")
    return _digest(extra.parent, [extra])


def _digest(folder: Path, files: Iterable[Path]) -> str:
    """Return the first digits of a SHA-256 over names and contents, in the names' order."""
    digest = hashlib.sha256()
    for file in sorted(files):
        content = hashlib.sha256(file.read_bytes()).digest()  # of one length: names and contents cannot run together
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + content)
    return digest.hexdigest()[:12]
