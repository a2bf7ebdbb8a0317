"""Names of patients, relatives and clinicians (45 CFR 164.514(b)(2)(i)(A)).

Covers titles, post-nominals, field labels, relations, "First L.", "Last, First", listed given names with what follows
them, and every other mention of a name once found, also in lower case. An eponym ("Parkinson disease", "Hodgkin
lymphoma") and a citation in text ("Johnson and Lee, NEJM 2015") are no person here. It does not cover unlisted names
without a cue, nicknames, or names in other scripts.
"""

import re
from collections.abc import Iterable, Iterator

from tasks.phi.recognizers.listed_names import (
    listed,
    listed_in_lower_case,
    other_mentions,
    reads_like_a_name,
)
from tasks.phi.recognizers.name_shapes import INITIAL, NAME, TITLE, WORD, is_eponym
from tasks.phi.recognizers.rules import Hit, Rule, RuleRecognizer
from tasks.phi.recognizers.words import GIVEN, NOT_A_NAME, SURNAMES

_CAPS_NAME = r"[A-Z][A-Z'-]+,\s*[A-Z][A-Z'-]+(?:\s+[A-Z]\b\.?)?"
_POST = (
    r"(?:M\.?D\b\.?|D\.?O\b\.?|Ph\.?D\b\.?|R\.?N\b\.?|N\.?P\b\.?|PA-C|PA\b|DDS|DPM|DNP|FNP|APRN|CRNA|LCSW"
    r"|PharmD|MBBS|FACP|FACS|FACC|BSN|LPN|Jr\b\.?|Sr\b\.?|III\b)"
)
_LABEL = (
    r"(?:(?:patient|pt|full|first|last|middle|maiden|given|family|legal|preferred|mother'?s|father'?s"
    r"|spouse'?s?|guardian'?s?|provider|physician|doctor|"
    r"surgeon|nurse|attending|contact|subscriber|insured|guarantor|policy\s*holder|member)\s*)?name|patient"
    r"|pt|provider|attending(?:\s+physician)?|"
    r"(?:referring|primary(?:\s+care)?|consulting|ordering|treating|admitting)\s+(?:physician|provider"
    r"|doctor|md)|physician|surgeon|pcp|next\s+of\s+kin|"
    r"nok|emergency\s+contact|(?:electronically\s+)?signed(?:\s+by)?|dictated(?:\s+by)?|transcribed\s+by"
    r"|reviewed\s+by|author|guardian|spouse|mother|father|"
    r"contact(?:\s+person)?|guarantor|subscriber|insured|accompanied\s+by|interpreter|caregiver|witness"
)
_RELATION = (
    r"(?:wife|husband|spouse|son|daughter|mother|father|mom|dad|sister|brother|aunt|uncle|cousin|niece"
    r"|nephew|grandmother|grandfather|grandson|granddaughter|"
    r"partner|friend|neighbou?r|caregiver|girlfriend|boyfriend|roommate|guardian|nurse"
    r"|colleague|physician|doctor|surgeon|provider)"
)
_PERSON = (
    r"(?:patients?|pts?|man|woman|male|female|gentleman|lady|girl|boy|y/?o|yo|year[- ]old|M|F|individual|person"
    r"|case|client|like|for|of|with|named|by|similar\s+to|in)"
)
_TITLES = ("dr", "mr", "ms")


class NameRecognizer(RuleRecognizer):
    """Personal names."""

    category = "NAME"
    rules = (
        Rule(re.compile(rf"(?<![\w-]){TITLE}\b\.?[ \t]+{NAME}"), 0.9),
        Rule(re.compile(rf"(?<![\w-])(?P<phi>{WORD}(?:[ \t]+(?:{INITIAL}|{WORD})){{1,3}}),?[ \t]+{_POST}(?!\w)"), 0.9),
        Rule(
            re.compile(
                rf"(?<![A-Za-z])(?i:{_LABEL})[ \t]*[:=][ \t]*"
                rf"(?P<phi>{_CAPS_NAME}|(?:(?:al|el|ul|bin|ibn)[- ])?{WORD},[ \t]*{NAME}"
                rf"|{NAME}|[A-Z][A-Z'-]+(?:[ \t]+[A-Z][A-Z'-]+){{1,3}})"
            ),
            0.9,
            (":", "="),
        ),
        Rule(
            re.compile(
                rf"\b(?i:my|his|her|their|the)?\s*\b{_RELATION}(?:[ \t]+(?:is|was|named"
                rf"|called))?,?[ \t]+(?P<phi>{NAME})"
            ),
            0.75,
        ),
        Rule(re.compile(rf"(?<![A-Za-z]){_PERSON},?[ \t]+(?P<phi>{WORD}[ \t]+[A-Z]\.)(?!\w|\.)"), 0.8),
        Rule(
            re.compile(
                rf"(?<![A-Za-z])(?:patient|pt|male|female|man|woman|yo|gentleman|lady|boy"
                rf"|girl),[ \t]+(?P<phi>{WORD}(?:[ \t]+{WORD}){{1,2}})(?=[,.;?)]|[ \t]+(?:who|with|has|is"
                rf"|was|and|presented))"
            ),
            0.7,
        ),
        Rule(re.compile(rf"(?<=, )(?P<phi>{WORD}[ \t]+[A-Z]\.)(?=[,;?)]|[ \t]+who\b)"), 0.7),
        Rule(
            re.compile(
                r"\b(?:patient|man|woman|male|female|gentleman|lady|girl|boy|person|child|infant|someone|individual)"
                rf",?[ \t]+(?:is[ \t]+)?(?:named|called)[ \t]+(?P<phi>{NAME})"
            ),
            0.8,
        ),
        Rule(re.compile(rf"\bFor (?P<phi>(?:(?:al|el|ul|bin|ibn)[- ])?{WORD},?[ \t]+{NAME})(?=:)"), 0.7),
        Rule(
            re.compile(
                rf"\b(?:I am|I'm|[Mm]y name is|this is|[Ss]igned|[Ss]incerely"
                rf"|[Rr]egards),?\s+(?P<phi>{WORD}[ \t]+{WORD})"
            ),
            0.7,
        ),
        Rule(
            re.compile(
                r"\b(?P<phi>[A-Z][a-z]+\s+[A-Z]\.?)'s\s+(?:chart|record|case|history|labs?|results?"
                r"|medications?|treatment|mother|father)\b"
            ),
            0.7,
        ),
    )

    # A name in lower case cannot be cut where prose begins, so these say more about what follows it
    lower_case_rules = (
        Rule(
            re.compile(r"\bFor (?P<phi>[a-z][a-z'-]+[ \t]+[a-z][a-z'-]+)(?=:[ \n])"), 0.6, ("for ",), reads_like_a_name
        ),
        Rule(
            re.compile(r"(?<![\w-])(?i:dr|mr|mrs|ms)\.[ \t]*[a-z][a-z'-]{1,20}(?:[ \t]+[a-z]\.)?(?!\w)"), 0.7, _TITLES
        ),
        Rule(
            re.compile(
                r"(?<![\w-])(?i:dr|mr|mrs"
                r"|ms)\.?[ \t]+(?P<phi>[a-z][a-z'-]+(?:[ \t]+[a-z][a-z'-]+){1,2})(?=[.,;:?!)\n]|$)"
            ),
            0.7,
            _TITLES,
            reads_like_a_name,
        ),
        Rule(
            re.compile(
                r"\b(?:patient|pt|full|first|last|legal)?\s*name\s*(?::|="
                r"|is)\s*(?P<phi>[a-z][a-z'-]+(?:[ \t]+[a-z][a-z'.-]*){0,2})"
            ),
            0.7,
            ("name",),
        ),
        Rule(
            re.compile(
                r"(?<![A-Za-z])(?i:patient"
                r"|pt)[ \t]*[:=][ \t]*(?P<phi>[a-z][a-z'-]+(?:[ \t]+[a-z][a-z'-]+){1,2})(?=[ \t]*(?:[.,;\n]"
                r"|$))"
            ),
            0.7,
            ("patient", "pt"),
            reads_like_a_name,
        ),
    )

    def find(self, text: str) -> Iterable[Hit]:
        """Yield names by surroundings and by list, then every other mention of their words."""
        found = list(self._by_surroundings(text))
        found += listed(text)
        found += listed_in_lower_case(text)
        yield from found
        yield from other_mentions(text, found)

    def _by_surroundings(self, text: str) -> Iterator[Hit]:
        for rule in self.rules:
            for hit in rule.hits(text):
                trimmed = _trimmed(text, hit)
                if trimmed is not None:
                    yield trimmed
        for rule in self.lower_case_rules:
            yield from rule.hits(text)


def _trimmed(text: str, hit: Hit) -> Hit | None:
    """Cut a hit before the first word that belongs to no name; None where nothing of a name is left."""
    kept_to = hit.start
    named = False
    for word in re.finditer(r"[\w'-]+\.?", text[hit.start : hit.end]):
        bare = word.group().rstrip(".")
        is_title = re.fullmatch(TITLE, bare) is not None
        if not is_title and len(bare) > 1 and not bare.islower() and _is_no_name(bare.removesuffix("'s")):
            break
        kept_to = hit.start + word.end() - 2 * bare.endswith("'s")
        named = named or (not is_title and not bare.islower())
    if not named or is_eponym(text, kept_to):
        return None
    return Hit(hit.start, kept_to, hit.score)


def _is_no_name(word: str) -> bool:
    known = word in GIVEN or word in SURNAMES
    return not known and (
        word in NOT_A_NAME
        or word.capitalize() in NOT_A_NAME
        or (word.isupper() and 2 <= len(word) <= 4 and word.capitalize() not in GIVEN | SURNAMES)
    )
