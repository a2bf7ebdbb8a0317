"""Say whether a passage supports a question and its answer, by a rule that a person can check by hand.

Each sentence of the answer must be borne out by one sentence of the passage, or by two neighbours:
1. every number, every word with a capital or digit and every placeholder of it stands there;
2. every word of direction (more, lower, increased ...) stands there;
3. it denies if and only if they do, each of them;
4. at least 80 % of its content words stand there, compared by their stems.
The question holds no number, capital or placeholder that the passage lacks. The rule errs on the strict side: a true
paraphrase may be refused, while a changed number, name, direction or denial is not let through. It does not see who
does what to whom within the same sentences.
"""

import itertools
import re
from collections.abc import Iterator

from tasks.placeholders import PLACEHOLDER

COVERAGE = 0.8  # of content words; lower lets a made-up clause of one word in four pass
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\[(])|\n+")
WORD = re.compile(rf"{PLACEHOLDER.pattern}|[^\W_]+(?:[.,'’-][^\W_]+)*%?")
DENIALS = re.compile(
    r"\b(?:no|not|nor|never|neither|none|without|cannot|fail(?:s|ed)? to|lack(?:s|ed)?)\b|n['’]t\b", re.I
)
DIRECTIONS = re.compile(
    r"(?:in|de)creas|reduc|rais|elevat|lower|high|less|more|fewer|great|small|better|worse|improv|worsen|declin|rise|rose"
    r"|fall|fell|gain|loss|lost|positive|negative|benefi|harm|safe|unsafe|effective|ineffective|superior|inferior"
)
COMMON_WORDS = """
a an the this that these those it its they them their he she his her we our you your i who whom whose which what when
where why how is are was were be been being has have had do does did will would can could may might must should of in on
at by for from to with as into onto over under between among during after before about than then and or but if while
because so such also both each any all some there here not no nor only own same other one according passage study paper
authors describe explain list name give state summarise summarize patients patient found shows show showed reported used
using based
"""
COMMON = frozenset(COMMON_WORDS.split())

Window = tuple[bool, frozenset[str]]  # whether it denies, its stems


def unsupported(question: str, answer: str, passage: str) -> str:
    """Return why a pair is not kept, one of a fixed few reasons; empty where the passage supports it."""
    placeholders = set(PLACEHOLDER.findall(f"{question} {answer}")) - set(PLACEHOLDER.findall(passage))
    known = _stems(passage)
    checks = {
        "empty question or answer": not question or not answer,
        "longer than the passage": len(answer) > len(passage),
        "invented placeholder": bool(placeholders),
        "placeholders only": not PLACEHOLDER.sub("", answer).strip(" .,;"),
        "question names what the passage does not": any(_stem(word) not in known for word in _particular(question)),
    }
    if reason := next((reason for reason, holds in checks.items() if holds), ""):
        return reason
    windows = list(_windows(passage))
    return next(filter(None, (_unsupported_sentence(s, windows, known) for s in SENTENCE_END.split(answer))), "")


def _unsupported_sentence(sentence: str, windows: list[Window], known: frozenset[str]) -> str:
    particular = {_stem(word) for word in _particular(sentence)}
    if particular - known:
        return "number or name not in the passage"
    content = {_stem(word) for word in WORD.findall(sentence) if word.lower() not in COMMON}
    directed = {stem for stem in content if DIRECTIONS.match(stem)}
    if not content:
        return "nothing said"
    best, denies = "not said by the passage", bool(DENIALS.search(sentence))
    for window_denies, stems in windows:
        if particular - stems or len(content & stems) < COVERAGE * len(content):
            continue
        if directed - stems:
            best = "other direction than the passage"
        elif window_denies != denies:
            best = "denies what the passage says, or the reverse"
        else:
            return ""
    return best


def _windows(passage: str) -> Iterator[Window]:
    """Yield every sentence, and every two neighbours that both deny or both do not, with their stems."""
    sentences = [(bool(DENIALS.search(s)), _stems(s)) for s in SENTENCE_END.split(passage) if s.strip()]
    yield from sentences
    for (denies, stems), (also, more) in itertools.pairwise(sentences):
        if denies == also:
            yield denies, stems | more


def _particular(text: str) -> Iterator[str]:
    """Yield the words that stand for one thing: with a digit or capital, but no common word that opens a sentence."""
    for match in WORD.finditer(text):
        word, before = match[0], text[: match.start()].rstrip()
        opens = not before or before[-1] in ".!?:"
        named = word[0].isupper() and not (opens and word.lower() in COMMON)
        if named or re.search(r"\d|(?<!^)[A-Z]", word):
            yield word


def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in WORD.findall(text))


def _stem(word: str) -> str:
    """Return a word without case and common endings; numbers, abbreviations and placeholders whole."""
    if re.search(r"\d", word) or word.isupper():
        return word.lower().replace(",", "")
    return re.sub(r"(?<=\w{4})(?:ies|ing|ed|es|s|y|e|ly)$", "", word.lower().removesuffix("’s").removesuffix("'s"))
