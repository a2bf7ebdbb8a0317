"""The words of an answer: how many, how many are the reference's, how often they repeat, whether there are any.

Token F1 is that of SQuAD (Rajpurkar et al., EMNLP 2016) with its normalisation. Repetition is the share of repeated
4-grams, 1 minus distinct-4 (Li et al., NAACL 2016; seq-rep-4 of Welleck et al., ICLR 2020).
"""

import re
import string
from collections import Counter

_PUNCTUATION = re.compile(f"[{re.escape(string.punctuation)}]")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")

NGRAM = 4
LOOP_WORDS = 24  # shorter answers may list the same words without being stuck
LOOP_SHARE = 0.75  # every run of four words stands there four times on average


def exact_match(response: str, reference: str) -> float:
    """Return 1 if both are the same words in the same order; case, punctuation and spacing do not count."""
    return float(_words(response) == _words(reference))


def token_f1(response: str, reference: str) -> float:
    """Return SQuAD's F1 (0-1) of the words of both, without case, punctuation and articles; 0 where nothing is shared.

    If either has no words left, it is 1 where both have none, else 0, as in SQuAD 2.0.
    """
    said, wanted = Counter(_squad(response)), Counter(_squad(reference))
    if not said or not wanted:
        return float(said == wanted)
    return 2 * (said & wanted).total() / (said.total() + wanted.total())


def answer_words(response: str) -> float:
    """Return the number of words between white space."""
    return float(len(response.split()))


def repetition(response: str) -> float:
    """Return the share (0-1) of an answer's runs of four words that stood in it before; 0 below four words."""
    words = response.casefold().split()
    runs = list(zip(*(words[at:] for at in range(NGRAM)), strict=False))
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def is_empty(response: str) -> bool:
    """Say whether an answer has no letter or digit: nothing, white space, a stop token's text or bare punctuation."""
    return not any(character.isalnum() for character in _STOP.sub("", response))


def loops(response: str) -> bool:
    """Say whether an answer is stuck: of 24 words or more, three in four runs of four words stood there before."""
    return len(response.split()) >= LOOP_WORDS and repetition(response) >= LOOP_SHARE


_STOP = re.compile(r"<\|[a-z_0-9]+\|>|</?s>|<end_of_turn>|<eos>|\[/?INST\]", re.IGNORECASE)


def _words(text: str) -> list[str]:
    return _PUNCTUATION.sub(" ", text.casefold()).split()


def _squad(text: str) -> list[str]:
    return _ARTICLES.sub(" ", "".join(c for c in text.lower() if c not in string.punctuation)).split()
