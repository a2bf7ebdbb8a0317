"""Find what a discharge document says on diet, activity, follow-up, warning signs, wound care and medications.

A topic is told by a section that its label names, or by sentences of the instructions. What may pass as a mention
anywhere in the document is far wider than what is taken as an answer, so that "not mentioned" is said only where it
holds. Not covered: hospital course and history, which tell of the past; other languages than English.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tasks.dataset.medication_lines import medication_entries, parse_medication
from tasks.records import Section

MAX_ANSWER_CHARS = 800  # a longer section is no answer; its sentences on the topic may be
INSTRUCTIONS = re.compile(r"instruct|\bplans?\b|recommend|disposition|education|counsel|precaution", re.IGNORECASE)
OF_THE_PAST = re.compile(
    r"history|course|admission|admitting|allerg|review|exam|motor|assessment(?! and discharge)|impression|reason for",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<=[.!?;])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bMrs\.)\s+(?=[A-Z\[•-])|\n+")
MAX_UNINFORMATIVE_CHARS = 200  # a longer text says something; the pattern's time grows faster than its text
UNINFORMATIVE = re.compile(  # of a whole text
    r"\W*(?:(?:see|refer to|as|per) [\w ]*(?:above|below|chart|attached|noted)[\w ]*"
    r"|n/?a|none|nil|nothing|unknown|unavailable|deferred|pending|tbd"
    r"|(?:not|none|nothing|no (?:information|data|instructions?|documentation))(?: (?:was|were|been|yet))?"
    r" (?:addressed|applicable|assessed|available|discussed|documented|entered|given|listed|mentioned|noted|obtained"
    r"|provided|recorded|reported|specified|stated)(?: (?:at|by|for|here|in|on) ?[\w ]*)?)?\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Topic:
    """How one topic is labelled, told and mentioned."""

    label: re.Pattern[str]
    sentence: re.Pattern[str]
    mention: re.Pattern[str]
    refused: re.Pattern[str]  # what begins a sentence that has the words of the topic and is not about it


def _topic(label: str, sentence: str, mention: str, refused: str = r"(?!)") -> Topic:
    return Topic(*(re.compile(pattern, re.IGNORECASE) for pattern in (label, sentence, mention, refused)))


TOPICS: Mapping[str, Topic] = {
    "diet": _topic(
        r"\bdiet|nutrition|\bmeals?\b|\bfood\b",
        r"\bdiet\b|\b(?:eat|eating|drink|avoid) .*\b(?:foods?|meals?|salt|sodium|fluids?|sugar|alcohol|fat)\b"
        r"|\b(?:low|no|reduced)[- ](?:salt|sodium|fat|sugar|cholesterol|carbohydrate)|fluid restriction"
        r"|clear liquids",
        r"diet|\beat|food|nutrition|\bmeal|sodium|salt|calor|\bnpo\b|\bcarb|drink|fluid|sugar|alcohol|feed|\bfat",
    ),
    "activity": _topic(
        r"\bactivit|mobility|exercise|weight[- ]?bearing|\blifting|\bdriving|\brestrictions?\b|return to (?:work"
        r"|school)",
        r"\b(?:lift|lifting|drive|driving|strenuous|weight[- ]?bearing|bed ?rest|ambulat\w+|exercis\w+|stairs"
        r"|sports?)\b"
        r"|\bactivit(?:y|ies)\b|\breturn to (?:work|school)\b|\b(?:avoid|no|continue|light) [\w ]*\bwalking\b",
        r"activit|exercis|\blift|\bdriv|walk|ambulat|bearing|\brest\b|bed ?rest|strenuous|\bwork|school|sport"
        r"|mobil|shower"
        r"|\bbath|climb|therap|brace|crutch",
    ),
    "follow_up": _topic(
        r"follow[- ]?up|appointments?|next visit|\breferrals?\b",
        r"\bfollow(?:ing|s)?[- ]?up\b|\bappointments?\b|\b(?:see|seen by) (?:me|us|dr|his|her|your|my|the)\b.*"
        r"\b(?:in|on|within|after)\b"
        r"|\breturn(?:ing|s)? to (?:the |our |my |see )*(?:clinic|office|me|us)\b|\breferr(?:al|ed) to\b",
        r"follow|appoint|clinic|return|recheck|\bsee (?:me|us|dr)|visit|office|refer|schedul|consult",
        r"(?!.*\b(?:follow(?:ing|s)?[- ]?up (?:with|in|on|at|by|within)|appointments?|return|referr"
        r"|seen? (?:by|me|us|dr|his|her|your|my)))(?:[\w\[\]]+\W+){0,5}(?:discharged?|transferred)"
        r" (?:back )?to\b",
    ),
    "warnings": _topic(
        r"warning|when to (?:call|seek|return|get|contact)|^(?:please )?(?:call|contact|notify|seek|return)\b"
        r"|return precaution|red flag|danger|reasons? to (?:call|return)|symptoms to|emergenc(?:y|ies)\b(?! dep)",
        r"\b(?:call|contact|notify|return|seek|report|come back|go to|present|reach out)\b.*\b(?:if|with any|for (?:any"
        r"|signs?|symptoms?|fevers?|chills|pain|bleeding|redness|swelling|drainage|worsening|increas\w+|severe|new))\b"
        r"|\bif\b.*\b(?:call|contact|notify|return|seek|report|go to|emergency|reach out)\b",
        r"\bcall|contact|return|seek|emergenc|notify|report|\bif\b|warning|worse|911|concern|watch",
        r"\W*(?:please )?(?:(?:do not|don['’]t|never|no need to) (?:call|contact|notify|return|seek|report|come|go)\b"
        r"|call(?:ed|ing|s)? in\b)",
    ),
    "wound_care": _topic(
        r"wound|incision|dressing|surgical site|drain care|cast care|\bsutures?\b|\bstaples?\b",
        r"\b(?:wounds?|incisions?|dressings?|sutures?|staples?|bandages?|steri-?strips?)\b",
        r"wound|incision|dressing|sutur|staple|bandag|drain|steri|\bcast\b|\bsite|stitch|laceration|ulcer|graft"
        r"|splint",
    ),
}
MEDICATIONS = re.compile(r"\bmeds?\b|medications?\b|medicines?\b|prescriptions?\b|\brx\b", re.IGNORECASE)
NOT_TO_TAKE = re.compile(  # of a label
    r"stop|discontinu|\bd/?c['’e]+d\b|held|hold|inpatient|in hospital|prior|\bpre(?!scri)|\bpast\b|allerg|chang"
    r"|reconcil|history|admi(?:ssion|t)|given|refus|avoid|\bnot?\b|n['’]t\b|\bnever\b|until|\bceas|suspend|skip|\bpause"
    r"|\bwait|inactive|expired|former|previous|\bold\b|complete|finish",
    re.IGNORECASE,
)
ORDER_TO_STOP = re.compile(  # within a list; "d/c" is discharge in a label and an order in a list
    r"stop|discontinu|\bd/c|\bdc['’e]+d\b|\bheld\b|\bhold|withh[eo]ld|\bnot\b|n['’]t\b|\bnever\b|no longer|avoid"
    r"|\bceas|suspend|\bskip|\bpause",
    re.IGNORECASE,
)
AT_DISCHARGE = re.compile(r"discharge|\bd/c\b|\bhome\b|\btake\b|\bcontinue\b|\bstart\b|\bnew\b", re.IGNORECASE)


@dataclass(frozen=True)
class Told:
    """What a document says on a topic: lines that stand in it, and which of its sections they stand in."""

    text: str
    sections: frozenset[int]


def told(sections: tuple[Section, ...], topic: Topic) -> Told | None:
    """Return what the sections say on a topic, or None."""
    lines: dict[str, None] = {}
    places = set()
    for number, section in enumerate(sections):
        if found := list(_lines(section, topic)):
            lines.update(dict.fromkeys(found))
            places.add(number)
    text = "\n".join(lines)
    return Told(text, frozenset(places)) if lines and len(text) <= MAX_ANSWER_CHARS else None


def _lines(section: Section, topic: Topic) -> Iterator[str]:
    """Yield the lines of a section on a topic: all of a section that is about it, else the sentences that are."""
    names_it = bool(topic.label.search(section.label)) and not OF_THE_PAST.search(section.label)
    shared = sum(bool(other.label.search(section.label)) for other in TOPICS.values()) > 1
    if names_it and not shared and len(section.text) <= MAX_ANSWER_CHARS:
        if not says_nothing(section.text) and any(
            _tells(sentence, topic) for sentence in SENTENCE_END.split(section.text)
        ):
            yield from section.text.splitlines()
    elif names_it or (INSTRUCTIONS.search(section.label) and not OF_THE_PAST.search(section.label)):
        sentences = (sentence.strip() for sentence in SENTENCE_END.split(section.text))
        yield from (
            s for s in sentences if len(s) <= MAX_ANSWER_CHARS and topic.sentence.search(s) and _tells(s, topic)
        )


def _tells(sentence: str, topic: Topic) -> bool:
    """Say whether a sentence, without a heading before it, holds anything, and nothing but what is refused."""
    return not topic.refused.match(sentence) and not says_nothing(sentence.rpartition(":")[2])


def says_nothing(text: str) -> bool:
    """Say whether a text only refers elsewhere, or tells that nothing is known."""
    return len(text) < MAX_UNINFORMATIVE_CHARS and bool(UNINFORMATIVE.fullmatch(" ".join(text.split())))


def mentions(sections: tuple[Section, ...], topic: Topic) -> bool:
    """Say whether anything in the document might be about a topic."""
    return any(topic.mention.search(f"{section.label}\n{section.text}") for section in sections)


def medication_lists(sections: tuple[Section, ...]) -> frozenset[int]:
    """Return which sections list what the patient takes: those at discharge where there are any, else the current.

    None, where one of these holds an order to stop: which of the drugs around it the order means is not known.
    """
    lists = {
        number
        for number, section in enumerate(sections)
        if MEDICATIONS.search(section.label)
        and not NOT_TO_TAKE.search(section.label)
        and not says_nothing(section.text)
    }
    lists = {n for n in lists if AT_DISCHARGE.search(sections[n].label)} or lists
    return frozenset() if any(_orders_to_stop(sections[n].text) for n in lists) else frozenset(lists)


def _orders_to_stop(text: str) -> bool:
    """Say whether a list holds an order to stop; an entry's own end ("stop on [REDACTED-DATE]") is none."""
    found = [entry for entry in medication_entries(text) if ORDER_TO_STOP.search(entry)]
    for entry in found:
        medication = parse_medication(entry)
        if medication is None or ORDER_TO_STOP.search(medication.entry.replace(medication.duration, "", 1)):
            return True
    return False
