"""Keep every suite's questions and answers out of what is learned from, and say which suite an example overlaps.

An example overlaps where one of its messages holds

1. eight words in a row of a question, or the whole of a shorter one;
2. thirteen words in a row of a reference answer, or of a text that a question is asked about (the length of Brown et
   al., 2020, https://arxiv.org/abs/2005.14165: eight words in a row of an answer are also how any textbook says it);
3. or where a message, or the last line of one, has nearly the words of a question, an answer or such a text: at least
   0.8 of all distinct words of both are in both, whatever their order. Texts of fewer than six words are not judged by
   this rule.

Not covered: the same question in other words or in another language.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil
from typing import Literal

from tasks.dataset.curation import normalised
from tasks.records import Example

QUESTION_RUN = 8  # a shared run of eight words is a copy, not a coincidence, in questions of ten to thirty words
ANSWER_RUN = 13
SAME_WORDS = 0.8
FEWEST_WORDS = 6  # of five, two questions that differ in the disease alone are nearly alike
ROUNDING = 1e-9


@dataclass(frozen=True)
class SuiteText:
    """A question of a suite, its reference answer, or the text that it is asked about."""

    suite: str
    item: str
    part: Literal["question", "answer", "context"]
    text: str


@dataclass(frozen=True)
class Overlap:
    """What an example has in common with a suite."""

    suite: str
    detail: str


class Suites:
    """The texts of suites, so indexed that an example is compared with few of them."""

    def __init__(self, texts: Iterable[SuiteText] = ()) -> None:
        known = [(text, normalised(text.text).split()) for text in texts]
        self._runs: dict[str, SuiteText] = {}
        self._lengths: defaultdict[str, set[int]] = defaultdict(set)  # by a run's first word
        for text, words in known:
            for run in _runs_of(text, words):
                self._runs.setdefault(" ".join(run), text)
                self._lengths[run[0]].add(len(run))
        self._sets = [(text, frozenset(words)) for text, words in known if len(set(words)) >= FEWEST_WORDS]
        frequency = Counter(word for _, distinct in self._sets for word in distinct)
        self._by_word: defaultdict[str, list[int]] = defaultdict(list)
        for place, (_, distinct) in enumerate(self._sets):
            rarest = sorted(distinct, key=lambda word: (frequency[word], word))
            # Two texts that share 0.8 of their words share one of the rarest fifth of either.
            for word in rarest[: len(distinct) - ceil(SAME_WORDS * len(distinct) - ROUNDING) + 1]:
                self._by_word[word].append(place)

    def overlap(self, example: Example) -> Overlap | None:
        """Return what an example shares with a suite; None: nothing."""
        for message in example.messages:
            words = normalised(message.content).split()
            if found := self._shared_run(words):
                length = QUESTION_RUN if found.part == "question" else ANSWER_RUN
                return Overlap(found.suite, f"{found.item}: up to {length} words of its {found.part} in a row")
            last_line = message.content.strip().rpartition("\n")
            tried = [frozenset(words), *([frozenset(normalised(last_line[2]).split())] if last_line[1] else [])]
            if found := next(filter(None, map(self._nearly, tried)), None):
                return Overlap(found.suite, f"{found.item}: nearly the words of its {found.part}")
        return None

    def _shared_run(self, words: list[str]) -> SuiteText | None:
        for place, word in enumerate(words):
            for length in self._lengths.get(word, ()):
                if found := self._runs.get(" ".join(words[place : place + length])):
                    return found
        return None

    def _nearly(self, words: frozenset[str]) -> SuiteText | None:
        for place in {place for word in words for place in self._by_word.get(word, ())}:
            text, known = self._sets[place]
            if len(words & known) >= SAME_WORDS * len(words | known) - ROUNDING:
                return text
        return None


def _runs_of(text: SuiteText, words: list[str]) -> Iterator[list[str]]:
    """Yield the runs that a message must not hold; a question that is shorter than one is one, an answer has none."""
    length = QUESTION_RUN if text.part == "question" else ANSWER_RUN
    if text.part == "question" and 0 < len(words) < length:
        yield words
    yield from (words[start : start + length] for start in range(len(words) - length + 1))
