"""Names of patients, relatives and clinicians (45 CFR 164.514(b)(2)(i)(A)).

Covers listed names; titles, post-nominals, field labels, roles and relations, "per", "told", "spoke with", ages and
acts beside a name; "First L.", "Last, First", initials beside a surname; the initials of somebody named, where they
sign; and every other mention of a name once found, also in lower case. An eponym ("Parkinson disease", "Hodgkin
lymphoma") and a citation in text ("Johnson and Lee, NEJM 2015") are no person here. The rule is Safe Harbor's first
item; the cues are general knowledge of clinical notes. A text that reads like a note is also searched for words that
no list knows (`unlisted_names`), and for words that only stand where persons do (`persons_in_notes`); in a paper one
listed name alone is none either. It does not cover single unlisted names without a cue, nicknames that are ordinary
words, a name in lower case that is also a word and has no cue, initials of persons who are not named, or other scripts.
"""

import re
from collections.abc import Iterable

from tasks.phi.recognizers.listed_names import names, other_mentions
from tasks.phi.recognizers.name_cues import NOTE
from tasks.phi.recognizers.name_initials import (
    dotted_initials,
    initials_in_notes,
    initials_of,
    initials_put_small,
    signing_initials,
)
from tasks.phi.recognizers.name_shapes import capitalised_words
from tasks.phi.recognizers.persons_in_notes import persons_in_notes, short_forms, widened
from tasks.phi.recognizers.rules import Hit, RuleRecognizer
from tasks.phi.recognizers.uncased_names import UNCASED, UNCASED_CUES, UNCASED_IN_NOTES, listed_in_lower_case
from tasks.phi.recognizers.unlisted_names import labelled_names, names_in_notes, note_evidence

_LETTERS = re.compile(r"[a-z]+")


class NameRecognizer(RuleRecognizer):
    """Personal names."""

    category = "NAME"
    rules = tuple(rule for _, rule in (*UNCASED, *UNCASED_IN_NOTES))

    def find(self, text: str) -> Iterable[Hit]:
        """Yield names by list, cue and surroundings, then every other mention of their words."""
        words = capitalised_words(text)
        present = set(_LETTERS.findall(text))
        evidence = note_evidence(words, present)
        found = list(names(text, words, evidence))
        found += labelled_names(text)
        if evidence >= NOTE:
            found += names_in_notes(text, words)
            found += initials_in_notes(text)
            found += persons_in_notes(text, words)
        cued = present & UNCASED_CUES if evidence else set()
        if evidence >= NOTE:
            cued |= UNCASED_CUES.intersection([word.text.lower() for word in words])
        if cued:
            for cues, rule in (*UNCASED, *UNCASED_IN_NOTES) if evidence >= NOTE else UNCASED:
                if not cues.isdisjoint(cued):
                    found += rule.hits(text)
        found += dotted_initials(text)
        found += listed_in_lower_case(text, present, evidence)
        yield from found
        if found:
            if evidence >= NOTE:
                short = [*short_forms(text, words, found), *widened(text, found)]
                yield from short
                found += short
            yield from other_mentions(text, words, found, present)
            initials = initials_of(text, found)
            yield from signing_initials(text, initials)
            if evidence >= NOTE:
                yield from initials_put_small(text, initials)
