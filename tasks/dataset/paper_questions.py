"""Turn a redacted paper into a few questions and answers in its authors' words, and into text to pre-train on.

A title that asks is asked over the abstract without its conclusion, which answers (the way of PubMedQA: Jin et al.,
2019, https://aclanthology.org/D19-1259/); any other paper is asked what it concludes. Neither is asked of a paper that
concludes nothing, as many case reports and reviews do. Then come, as a hash of the paper orders them: labelled sections
to be found in the unlabelled abstract, and what the paper reports about one of its MeSH subjects. The paper's number
stands in the question and closes the answer, so that a citation is copied, never guessed. Only words of the paper and
the fixed sentences below enter an example, so its certificate holds for it. Not covered: whether a conclusion follows,
yes or no as an answer, questions about a full text's body.
"""

import hashlib
import re
from collections.abc import Iterator

from tasks.dataset.abstracts import SENTENCE_END, Abstract, Part, abstract_of, citation, group_of
from tasks.records import Document, Example, Message

EXAMPLES_A_PAPER = 3
SHORTEST_ANSWER = 30  # characters; shorter sections are `None.`, `See text.`
TITLE_ASKS = re.compile(r"\[?(?P<question>[^\[].{10,}\?)[\"'”’)\]]*\.?\]?\.?")
ASK_CONCLUSION = (
    "What does this study conclude?",
    "What do the authors conclude?",
    "Which conclusion follows from this study?",
    "What is the conclusion of this paper?",
)
ASK_PART: dict[Part, tuple[str, ...]] = {
    "methods": (
        "Extract the methodology of this study.",
        "How was this study done?",
        "Which methods were used? Quote the abstract.",
    ),
    "results": (
        "Extract the results of this study.",
        "What were the results? Quote the abstract.",
        "What did the study find? Quote the abstract.",
    ),
    "conclusion": (
        "Extract the conclusion of this study.",
        "Which part of the abstract is its conclusion?",
    ),
}
ASK_SUBJECT = (
    "What does this study report about {subject}?",
    "What was found regarding {subject}?",
    "Which findings of this paper concern {subject}?",
)
STUDY_TERMS = """
humans, animals, male, female, adult, aged, middle aged, young adult, adolescent, child, infant, mice, rats, pregnancy,
prognosis, treatment outcome, risk factors, risk, time, time factors, incidence, prevalence, mutation, patients,
retrospective studies, prospective studies, cohort studies, genes, cells, survival, research
"""  # what kind of study it is, not what it is about: MeSH's check tags and the like
NO_SUBJECTS = frozenset(term.strip() for term in STUDY_TERMS.split(","))
UNREADABLE = "[Formula: see text]"  # what PubMed writes where a formula stood
WISHES = re.compile(
    r"\b(?:further|future|more) (?:\w+ )?(?:stud|research|trial|work|investigat)|\bwarranted\b", re.IGNORECASE
)
MOST_SENTENCES = 3  # about a subject; a subject of every sentence is the paper's own


def paper_examples(paper: Document, agent_type: str, *, limit: int = EXAMPLES_A_PAPER) -> Iterator[Example]:
    """Yield at most `limit` examples of a paper, the same ones every time; none where there is nothing to tell."""
    abstract, made = abstract_of(paper), 0
    context, conclusion = abstract.split_conclusion()
    if not (context and conclusion and citation(paper)):  # a text without a number may be anything but a paper
        return
    for question, answer in _pairs(paper, abstract, context, conclusion):
        if made < limit and UNREADABLE not in answer:
            made += 1
            yield example_of(paper, question, answer, agent_type)


def pretraining_text(document: Document) -> str:
    """Return a document as running text: its title, then its sections, each under its label."""
    blocks = [document.title, *(f"{s.label}\n{s.text}" if s.label else s.text for s in document.sections)]
    return "\n\n".join(block.strip() for block in blocks if block.strip())


def example_of(paper: Document, question: str, answer: str, agent_type: str) -> Example:
    """Return a pair as an example of its paper, the paper's number at the end of the answer, where it has one."""
    cited = citation(paper)
    return Example(
        messages=(
            Message(role="user", content=question),
            Message(role="assistant", content=f"{answer} ({cited})" if cited else answer),
        ),
        source=paper.source,
        source_id=paper.source_id,
        group_id=group_of(paper),
        subject_key=paper.subject_key,
        agent_type=agent_type,
        licence=paper.licence,
    )


def _pairs(paper: Document, abstract: Abstract, context: str, conclusion: str) -> Iterator[tuple[str, str]]:
    """Yield questions, each with what it is asked over, and answers; a question about the conclusion is first."""
    if abstract.concludes() and len(conclusion) >= SHORTEST_ANSWER:
        asked = asked_by(paper.title)
        phrase = asked or _one_of(ASK_CONCLUSION, paper, "conclusion")
        yield _question(paper, "" if asked else paper.title, context, phrase), conclusion
    others: list[tuple[str, str, str]] = []
    for part, phrases in ASK_PART.items():
        if len(answer := abstract.part(part)) >= SHORTEST_ANSWER and answer != abstract.text:
            others.append((part, _one_of(phrases, paper, part), answer))
    if found := _about_subject(paper, abstract):
        subject, answer = found
        others.append(("subject", _one_of(ASK_SUBJECT, paper, "subject").format(subject=subject), answer))
    for _, phrase, answer in sorted(others, key=lambda other: _digest(paper, other[0])):
        yield _question(paper, paper.title, abstract.text, phrase), answer


def asked_by(title: str) -> str:
    """Return the question that a title is; empty where it is none, or goes on after the question mark."""
    match = TITLE_ASKS.fullmatch(title.strip())
    return match["question"].strip() if match else ""


def _about_subject(paper: Document, abstract: Abstract) -> tuple[str, str] | None:
    """Return a MeSH subject, in the paper's spelling, and the few sentences of results and conclusion that name it."""
    told = SENTENCE_END.split(f"{abstract.part('results')} {abstract.part('conclusion')}".strip())
    reported = [sentence for sentence in told if not WISHES.search(sentence)]
    found: list[tuple[str, str]] = []
    for heading in paper.mesh:
        named = [match for s in reported if (match := _spoken(heading).search(s))]
        if heading.lower() not in NO_SUBJECTS and 0 < len(named) <= min(MOST_SENTENCES, len(reported) // 2):
            spellings = [match[0] for match in _spoken(heading).finditer(abstract.text)]
            subject = next((s for s in spellings if s[0].islower()), spellings[0])  # no capital of a sentence's start
            found.append((subject, " ".join(match.string for match in named)))
    return min(found, key=lambda pair: _digest(paper, pair[0]), default=None)


def _spoken(heading: str) -> re.Pattern[str]:
    """Match a MeSH heading in the order of speech: `Diabetes Mellitus, Type 2` is type 2 diabetes mellitus."""
    words = " ".join(reversed(heading.split(", "))).removesuffix("s")
    return re.compile(rf"\b{re.escape(words)}(?:s|es)?\b", re.IGNORECASE)


def _question(paper: Document, title: str, context: str, asked: str) -> str:
    cited = citation(paper)
    head = " ".join(part for part in (title, f"({cited})" if cited else "") if part)
    return "\n\n".join(part for part in (head, context, asked) if part)


def _one_of(phrases: tuple[str, ...], paper: Document, purpose: str) -> str:
    return phrases[int.from_bytes(_digest(paper, purpose)[:4], "big") % len(phrases)]


def _digest(paper: Document, purpose: str) -> bytes:
    return hashlib.sha256(f"{paper.source}\0{paper.source_id}\0{purpose}".encode()).digest()
