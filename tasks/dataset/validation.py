"""Say why an example cannot be learned from: what is missing, too short or long, damaged, foreign or not licensed.

Checked are form, not truth: whether an answer is right, or answers its question, is not covered.
"""

import re

from tasks.dataset.curation import NOT_A_WORD, normalised
from tasks.dataset.languages import is_foreign
from tasks.placeholders import PLACEHOLDER
from tasks.records import CurationPolicy, Example

PLACEHOLDERS = re.compile(rf"{PLACEHOLDER.pattern}|90\+")
# U+FFFD stands where a byte could not be read; control characters and surrogates are no text; the pairs are what UTF-8
# looks like that was read as Windows-1252 or Latin-1 (`Ã©` for é, `â€™` for ’, `Â°` for °).
HIGH = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
DAMAGED = re.compile(
    rf"[\ufffd\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff]|Ã[{HIGH}]|Â[\xa0-\xbf]|â€[{HIGH}]"
)
ECHO = 0.8  # of the longer of question and answer; with `Yes,` before it, it is still an echo
# Names and SPDX ids such as CC-BY-4.0, `CC BY 4.0`, MIT; not addresses and not copyright lines such as `© 2020 A.`.
NAMED_LICENCE = re.compile(r"(?:CC[ -]?)?[A-Z0-9.+-]+(?: \d\.\d)?|public domain", re.IGNORECASE)
# Whatever the form: `CC BY NC 4.0`, creativecommons.org/licenses/by-nd/4.0, "Attribution-NonCommercial".
RESTRICTED = re.compile(r"\bby[ -](?:n[cd]|sa-n[cd])\b|non-?commercial|no-?deriv", re.IGNORECASE)
NOT_TAKEN = "chat template refuses or hides its turns"
VERSION = re.compile(r"-\d+(?:\.\d+)*$")


def reject_reason(example: Example, policy: CurationPolicy) -> str | None:
    """Return why an example cannot be learned from, or None if it can."""
    asked = " ".join(m.content for m in example.messages if m.role == "user")
    answers = [m.content for m in example.messages if m.role == "assistant"]
    if not example.messages or example.messages[-1].role != "assistant" or not asked.strip():
        return "no question-answer pair"
    last = next(m.content for m in reversed(example.messages) if m.role == "user")
    checks = (
        ("no source, id or group", not all(map(str.strip, (example.source, example.source_id, example.group_id)))),
        ("input too short", len(asked) < policy.min_input_chars),
        ("input too long", len(asked) > policy.max_input_chars),
        ("empty answer", not all(map(str.strip, answers))),
        ("placeholders only", _says_nothing(answers[-1]) or _says_nothing(asked)),
        ("damaged encoding", any(DAMAGED.search(m.content) for m in example.messages)),
        ("answer echoes the question", _echoes(answers[-1], last) or _echoes(answers[-1], asked)),
        ("licence not allowed", not is_allowed(example.licence, policy)),
        ("other language", any(is_foreign(text, policy.language) for text in (asked, answers[-1]))),
    )
    return next((reason for reason, holds in checks if holds), None)


def is_allowed(licence: str, policy: CurationPolicy) -> bool:
    """Say whether a row of this licence may be learned from; versions do not count, `CC BY 4.0` is CC-BY."""
    if RESTRICTED.search(licence):
        return False
    if not NAMED_LICENCE.fullmatch(licence.strip()):
        return policy.unnamed_licences
    return _family(licence) in {_family(allowed) for allowed in policy.licences}


def length_reason(tokens: int | None, policy: CurationPolicy) -> str | None:
    """Return why a conversation of so many tokens is left out; None tokens: the template does not take it."""
    if tokens is None:
        return NOT_TAKEN
    return "longer than max_tokens" if tokens > policy.max_tokens and policy.too_long == "drop" else None


def _family(licence: str) -> str:
    return VERSION.sub("", licence.strip().upper().replace(" ", "-"))


def _says_nothing(text: str) -> bool:
    return not NOT_A_WORD.sub("", PLACEHOLDERS.sub("", text))


def _echoes(answer: str, question: str) -> bool:
    shorter, longer = sorted((normalised(answer), normalised(question)), key=len)
    return shorter in longer and len(shorter) >= ECHO * len(longer)
