"""The parts of a paper that questions are asked about: the abstract by kind of section, its conclusion, its citation.

Labels are free text. They are sorted into the five kinds to which the NLM maps the labels of structured abstracts
(https://www.nlm.nih.gov/bsd/policy/structured_abstracts.html); a label of two kinds ("Methods and Results") is of both,
an unknown one of none. Of a full text, whose sections bear such labels too, only what is labelled `Abstract` counts.
"""

import re
from dataclasses import dataclass
from typing import Literal

from tasks.records import Document

Part = Literal["background", "objective", "methods", "results", "conclusion"]

LABELS: dict[Part, re.Pattern[str]] = {
    "background": re.compile(r"background|introduction|context|rationale|\bstate of\b", re.IGNORECASE),
    "objective": re.compile(r"\baims?\b|objective|purpose|\bgoals?\b|hypothes[ie]s|\bquestion", re.IGNORECASE),
    "methods": re.compile(
        r"method|design|setting|participants|subjects|patients|samples?\b|interventions?|measure|materials"
        r"|data sources|study selection|data extraction|\banalys[ei]s|search strategy|selection criteria|procedures?",
        re.IGNORECASE,
    ),
    "results": re.compile(r"results?\b|findings|observations|data synthesis|outcome\b", re.IGNORECASE),
    "conclusion": re.compile(r"conclusion|interpretation|significance|implications?\b|relevance", re.IGNORECASE),
}
MEASURES = re.compile(r"outcome measures?|measures? of outcome|end ?points?", re.IGNORECASE)  # methods, not results
ABSTRACT = re.compile(r"abstract\b[\s:]*", re.IGNORECASE)
FULL_TEXTS = ("pmc",)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\[])")
# Labels within the text: `BACKGROUND Air ...`, `Methods: We ...`; plain words of the commonest without a colon too.
INLINE_LABEL = re.compile(
    r"(?:^|(?<=[.!?\])]\s)|(?<=\n))(?P<label>[A-Z][A-Z &/,-]{3,50}(?::|(?=\s+[A-Z0-9]))|[A-Z][A-Za-z &/,-]{3,50}:"
    r"|(?:Background|Introduction|Objectives?|Aims?|Purpose|(?:Materials and )?Methods?|Results|Findings|Conclusions?)"
    r"(?=\s+[A-Z0-9]))\s*"
)
# What publishers append: copyright, registration, badges, grades of evidence, the journal's own reference. A match
# begins where white space begins, so that a long run of it is gone over once.
NO_PROSE = re.compile(
    r"(?<!\s)\s+(?:©|\([cC]\)\s*\d{4}|Copyright\b|https?://\S+\s*$|doi:"
    r"|Open (?:Science|Practices|Data|Materials)\b[^.]{0,200}:).*$"
    r"|(?<!\s)\s+(?i:level of evidence):[^.]{0,80}\.?\s*$"
    r"|(?<!\s)\s+(?:[A-Z]\w*\.?\s){1,8}(?:\d{4};\s?\d+|\d+:\s?\d+[-–]\d+,\s\d{4}).{0,40}$",
    re.DOTALL,
)
CONCLUDES = re.compile(
    r"\b(?:conclu\w+|suggest\w*|indicat\w+|demonstrat\w+|support\w*|therefore|thus|overall|in summary"
    r"|(?:these|our|this) (?:results?|findings?|data|study|observations)|should|must|may|might|propose|believe"
    r"|recommend\w*|highlight\w*|underlin\w+|important|essential|necessary|(?:are|is|be|much) needed)\b",
    re.IGNORECASE,
)
# What a paper only announces, or what grades it, is nothing that it concludes.
ANNOUNCES = re.compile(
    r"^Level of Evidence\b"
    r"|^(?:(?:here|herein|furthermore|finally),? )?we (?:also )?(?:discuss|review|describe|present)\b"
    r"|\b(?:is|are) (?:also )?(?:discussed|presented|reviewed|described)\.?$",
    re.IGNORECASE,
)
CITED_AS = {"pubmed": "PMID", "pmc": "PMCID", "arxiv": "arXiv"}


@dataclass(frozen=True)
class Abstract:
    """An abstract as sections of (kinds, text), in its order."""

    sections: tuple[tuple[frozenset[Part], str], ...]

    @property
    def text(self) -> str:
        """All of it as running text, without labels."""
        return "\n".join(text for _, text in self.sections)

    def part(self, kind: Part) -> str:
        """Return what its labels call this and nothing else; empty where they do not."""
        return " ".join(text for kinds, text in self.sections if kinds == {kind})

    def split_conclusion(self) -> tuple[str, str]:
        """Return the text without its conclusion, and the conclusion: the labelled one, else the last sentence.

        Either is empty where there is none.
        """
        labelled = [text for kinds, text in self.sections if "conclusion" in kinds]
        if labelled:
            return "\n".join(text for kinds, text in self.sections if "conclusion" not in kinds), " ".join(labelled)
        sentences = SENTENCE_END.split(self.text.strip())
        return " ".join(sentences[:-1]), sentences[-1] if len(sentences) > 1 else ""

    def concludes(self) -> bool:
        """Say whether its conclusion is labelled as one, or worded like one, and more than an announcement."""
        conclusion = self.split_conclusion()[1]
        if all(ANNOUNCES.search(sentence) for sentence in SENTENCE_END.split(conclusion.strip())):
            return False
        labelled = any("conclusion" in kinds for kinds, _ in self.sections)
        return labelled or CONCLUDES.search(conclusion) is not None


def abstract_of(paper: Document) -> Abstract:
    """Return the paper's abstract; one without sections where a full text has none."""
    marked = [s for s in paper.sections if ABSTRACT.match(s.label)]
    sections = marked or (() if paper.source in FULL_TEXTS else paper.sections)
    parts = [(kinds_of(ABSTRACT.sub("", s.label, count=1)), NO_PROSE.sub("", s.text)) for s in sections]
    if len(parts) == 1 and not parts[0][0]:
        parts = _by_inline_labels(parts[0][1])
    return Abstract(tuple(parts))


def _by_inline_labels(text: str) -> list[tuple[frozenset[Part], str]]:
    """Return a text by the labels that stand in it; as one part where fewer than two of them name a kind."""
    found = [match for match in INLINE_LABEL.finditer(text) if kinds_of(match["label"])]
    if len(found) < 2 or found[0].start():
        return [(frozenset(), text)]
    ends = [match.start() for match in found[1:]] + [len(text)]
    return [(kinds_of(m["label"]), text[m.end() : end].strip()) for m, end in zip(found, ends, strict=True)]


def kinds_of(label: str) -> frozenset[Part]:
    """Return the kinds of section that a label names."""
    rest = MEASURES.sub("methods", label)
    return frozenset(kind for kind, pattern in LABELS.items() if pattern.search(rest))


def citation(paper: Document) -> str:
    """Return how a paper is cited, such as `PMID 12345678`: the PMID where it is known, else its source's number."""
    for name, number in (("PMID", paper.pmid), ("PMCID", paper.pmcid)):
        if number:
            return f"{name} {number}"
    name = CITED_AS.get(paper.source, "")
    if paper.source == "arxiv":
        return f"arXiv:{paper.source_id}"
    if name and not paper.source_id.startswith("10."):
        return f"{name} {paper.source_id}"
    return f"doi:{paper.doi}" if paper.doi else ""


def group_of(paper: Document) -> str:
    """Return the paper's group, which is the same for its citation and its full text, so that one split holds both."""
    return f"pubmed:{paper.pmid}" if paper.pmid else f"{paper.source}:{paper.source_id}"
