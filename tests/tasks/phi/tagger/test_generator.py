"""The writer of training texts: marks that lie where they should, texts that repeat with their seed, whole grammar."""

import itertools
import random
from collections import Counter

import pytest

from tasks.phi.categories import CATEGORIES
from tasks.phi.tagger.generator import GRAMMARS, Generator, marked
from tasks.phi.tagger.grammar import Grammar, Piece, parse
from tasks.phi.tagger.values import MAKERS


def test_spans_are_in_order_inside_the_text_and_without_blanks_at_their_edges() -> None:
    for text, spans in itertools.islice(Generator(5).texts(), 400):
        done = 0
        for start, end, category in spans:
            assert done <= start < end <= len(text)
            assert text[start:end] == text[start:end].strip()
            assert category in CATEGORIES
            done = end


def test_the_same_seed_writes_the_same_texts_and_another_seed_others() -> None:
    first = list(itertools.islice(Generator(1).texts(), 20))
    assert first == list(itertools.islice(Generator(1).texts(), 20))
    assert first != list(itertools.islice(Generator(2).texts(), 20))


def test_about_half_of_the_texts_hold_nothing() -> None:
    texts = list(itertools.islice(Generator(3).texts(), 600))
    assert 0.35 < sum(not text.spans for text in texts) / len(texts) < 0.6
    assert (
        min(Counter(s[2] for t in texts for s in t.spans)[c] for c in ("NAME", "GEO", "DATE", "PHONE", "OTHER_ID")) > 20
    )


def test_texts_differ() -> None:
    texts = [text.text for text in itertools.islice(Generator(4).texts(), 600)]
    assert len(set(texts)) > 590


def test_every_alternative_of_every_rule_can_be_written() -> None:
    grammar = Grammar(GRAMMARS, MAKERS)
    rng = random.Random(0)
    for symbol, alternatives in grammar._rules.items():
        for node in alternatives:
            for _ in range(3):
                pieces: list[Piece] = []
                grammar._expand(node, rng, pieces, 0)
                assert not set("<>{}¶¦") & set("".join(p.text for p in pieces)), symbol


def test_literature_and_clean_notes_hold_no_identifier() -> None:
    grammar = Grammar(GRAMMARS, MAKERS)
    rng = random.Random(1)
    for symbol in ("abstract", "clean", "filler", "heading", "HEADING", "drug", "disease", "gene"):
        for _ in range(300):
            assert not any(piece.label for piece in grammar.write(symbol, rng))


def test_pieces_are_joined_with_the_blanks_outside() -> None:
    assert marked([Piece("Dr. "), Piece(" Quorven ", "NAME"), Piece("\n")]) == ("Dr.  Quorven \n", ((5, 12, "NAME"),))


@pytest.mark.parametrize("rule", ["a <b|c", "a > b", "a | b", "<a|<b|c>"])
def test_a_bracket_that_does_not_close_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="in a rule"):
        parse(rule)


def test_a_symbol_with_a_capital_is_the_symbol_with_its_first_letter_raised() -> None:
    grammar = Grammar(GRAMMARS, MAKERS)
    text = "".join(p.text for p in grammar.write("Disease", random.Random(3)))
    assert text[0].isupper() or not text[0].isalpha()
