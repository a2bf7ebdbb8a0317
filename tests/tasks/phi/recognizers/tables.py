"""How a recognizer's table is checked: a text with its identifiers in double brackets, each with its category."""

import re

from tasks.phi.detection import Detector

_MARK = re.compile(r"⟦(\w+)\|(.*?)⟧", re.DOTALL)


def check(detector: Detector, marked: str) -> None:
    """Check that exactly the marked values are found, each under its category: "MRN: ⟦MRN|4471203⟧"."""
    text, wanted = "", []
    done = 0
    for mark in _MARK.finditer(marked):
        text += marked[done : mark.start()]
        wanted.append((mark[1], mark[2], len(text)))
        text += mark[2]
        done = mark.end()
    text += marked[done:]
    assert [(f.category, text[f.start : f.end], f.start) for f in detector.find(text)] == wanted
