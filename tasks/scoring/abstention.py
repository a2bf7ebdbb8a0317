"""Right abstention: to say that the text does not tell where it does not, and to answer where it does.

An answer abstains if its first sentences say so in one of the wordings below, or if it is nothing but such a wording.
"The discharge summary does not mention a dose" abstains; "The rash is not mentioned by the patient, it is seen on the
photograph" does too, and would be wrong: the wordings are read without what they speak of. What a study found unclear
is an answer. English only.
"""

import re

from tasks.scoring.sentences import sentences

OPENING_SENTENCES = 2  # a caveat at the end of a long answer is no abstention

_TOLD = (
    r"(?:mentioned|stated|specified|provided|documented|recorded|noted|described|included|indicated|listed|reported"
    r"|said|told|addressed)"
)
_TELL = r"(?:mention|state|specify|say|tell|provide|indicate|describe|address|contain|include|list|give|answer)"
_HOW = r"(?:been |be |explicitly |specifically |directly |clearly )*"
_SOURCE = (
    r"(?:text|context|passage|note|notes|summary|record|records|document|report|chart|letter|article|abstract|study)"
)
WORDINGS = (
    rf"\b(?:not|(?:is|are|was|were|has|have)n['’]t) {_HOW}{_TOLD}\b",
    rf"\b(?:(?:does|do|did) not|(?:does|do|did)n['’]t) {_HOW}{_TELL}\b",
    rf"\bno (?:\w+ ){{0,3}}(?:is|are|was|were) {_TOLD}\b",
    # `was not given` is said of drugs.
    r"(?:\bno (?:\w+ ){0,3}(?:is|are)|\b(?:is|are) not|^\W*not) given(?= in\b|\W*$)",
    r"\bno (?:specific |further |such |relevant )*(?:information|mention|details?|documentation|record)\b",
    r"\b(?:cannot|can['’]t|could not|can not|unable to|impossible to|not possible to) (?:be )?(?:answer|determin|tell"
    r"|say|infer|ascertain|know)",
    r"\b(?:insufficient|not enough|lack of) (?:information|detail|context)\b",
    r"\bi (?:do not|don['’]t) know\b",
    r"\bunanswerable\b",
    r"^\W*(?:it|this|that|the (?:answer|dose|duration|reason|date)) (?:is|was|remains) (?:unknown|unclear|not clear"
    r"|not known|unspecified|undocumented)\b",
    rf"\b{_SOURCE} (?:is silent|gives no|says nothing|provides no|contains no|makes no mention|lacks)\b",
    r"\binformation (?:is|was) not available\b",
    r"^\W*(?:unknown|unclear|not (?:known|clear|available)|not applicable|n/?a|unspecified"
    r"|none (?:stated|given|mentioned))\W*$",
)
"""Every wording that counts as an abstention, as patterns."""

_ABSTAINS = re.compile("|".join(WORDINGS), re.IGNORECASE)


def abstains(response: str) -> bool:
    """Say whether an answer opens with saying that it cannot be told from what is given."""
    return any(_ABSTAINS.search(sentence) for sentence in sentences(response)[:OPENING_SENTENCES])


def right_abstention(response: str, *, answerable: bool) -> float:
    """Return 1 if an answer abstains exactly where the item cannot be answered, else 0."""
    return float(abstains(response) != answerable)
