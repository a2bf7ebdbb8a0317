"""The parts of Presidio that this stage stands on, imported without what the rules never call.

`presidio_analyzer` imports spaCy, spaCy its command line, and thinc torch where it is installed: 4 s of one core
instead of 1.3 s, which every command and every worker would pay. They are hidden for the length of this one import. A
configuration that adds a neural recognizer imports torch before this module, and nothing is hidden.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


def _command_line() -> dict[str, ModuleType]:
    """Return stand-ins for spaCy's command line, of which its package takes one name."""
    package, info = ModuleType("spacy.cli"), ModuleType("spacy.cli.info")
    package.__path__ = []
    info.info = None  # type: ignore[attr-defined]
    return {"spacy.cli": package, "spacy.cli.info": info}


@contextmanager
def _hidden() -> Iterator[None]:
    """Make the modules look absent or empty, unless somebody has imported them already."""
    absent = dict.fromkeys(("torch", "transformers", "stanza", "gliner", "tensorflow"))  # None marks an absent module
    hidden = {name: module for name, module in (absent | _command_line()).items() if name not in sys.modules}
    if "torch" in sys.modules:
        hidden = {}
    sys.modules.update(hidden)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


with _hidden():
    from presidio_analyzer import AnalyzerEngine, EntityRecognizer, RecognizerRegistry, RecognizerResult
    from presidio_analyzer.nlp_engine import NoOpNlpEngine

__all__ = [
    "AnalyzerEngine",
    "EntityRecognizer",
    "NoOpNlpEngine",
    "RecognizerRegistry",
    "RecognizerResult",
]
