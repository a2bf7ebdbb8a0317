"""Make preferences of rated chats: which of two answers people wanted, or whether they wanted the one that they got.

A correction is preferred to the answer that it replaced. Of answers to the same messages, each that was rated at least
two points below another is rejected in favour of the best. What is left stands alone: rated 4 or 5 it is chosen, rated
1 or 2 rejected. The rules of examples hold: a certificate for every row, nothing withdrawn, no text of a suite, form
and length of the question with either answer, a group in one split. Two answers are a pair only within one split, and
no answer of the training split repeats a held-out example, so that no test item is learned from. An answer about which
people disagree by as much is left out, as are duplicates.

Not covered: near-duplicates among preferences; weights, replay and budget of the mix, which are for examples; papers
and question sets.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import ValidationError

from tasks.dataset.building import Reject
from tasks.dataset.curation import content_key, normalised
from tasks.dataset.decontamination import Suites
from tasks.dataset.examples import from_interaction
from tasks.dataset.grouping import SPLITS, Groups
from tasks.dataset.near_duplicates import sign, texts_of
from tasks.dataset.validation import length_reason, reject_reason
from tasks.records import (
    CertifiedRow,
    CurationPolicy,
    Example,
    Interaction,
    Message,
    Preference,
    Split,
    row_sha256,
)

WELL, BADLY = 4.0, 2.0  # ratings of 1-5; 3 says neither
APART = 2.0  # points between two ratings that are no matter of taste: 5 and 3, not 5 and 4
CORRECTION = 5.0

CountTokens = Callable[[tuple[Message, ...]], int | None]
Answers = tuple["Judged | None", "Judged | None"]  # chosen and rejected; None: the other stands alone


@dataclass(frozen=True)
class Judged:
    """An answer with its rating; the rating of one that was corrected is at most `BADLY`."""

    line: CertifiedRow
    example: Example  # the question with this answer
    rating: float
    split: Split

    @property
    def question(self) -> tuple[Message, ...]:
        """The messages up to the answer."""
        return self.example.messages[:-1]

    @property
    def answer(self) -> str:
        """What was answered."""
        return self.example.messages[-1].content

    @property
    def row(self) -> str:
        """The hash of the redacted row."""
        return self.line.certificate.row_sha256


@dataclass
class Preferred:
    """The certified preferences of each split, and what was left out."""

    splits: dict[Split, list[CertifiedRow]] = field(default_factory=lambda: {split: [] for split in SPLITS})
    overlaps: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)

    def leave_out(self, row: str, reason: str, detail: str = "") -> None:
        """Write down what is not learned from."""
        self.rejects.append(Reject(row, f"as a preference: {reason}", detail))


def prefer(
    rows: Iterable[CertifiedRow],
    policy: CurationPolicy,
    *,
    key: bytes,
    count_tokens: CountTokens,
    suites: Suites,
    withdrawn: Mapping[str, str],
    groups: Groups,
    held_out: Iterable[CertifiedRow] = (),
) -> Preferred:
    """Return the preferences of certified interactions, well and low rated ones, dealt to the splits by group.

    `withdrawn` names rows, by their hash, that must not be learned from any more, and why. `groups` has seen all rows
    that examples and preferences are made of. `held_out` are the examples of the other splits: no training preference
    has an answer that repeats one of them. Of a chat's rows the last counts.

    Raises:
        PrivacyError: a row is not the one that its certificate names, or another policy redacted it.
    """
    preferred, asked = Preferred(), defaultdict[str, list[Judged]](list)
    for line, chat in _last_of_each_chat(rows, policy, withdrawn, preferred):
        split = groups.split_of(from_interaction(chat).group_id, key, policy)
        for one in _judged(line, chat, split, preferred):
            if _is_usable(one, policy, count_tokens, suites, preferred):
                asked[content_key(one.question)].append(one)
    made: dict[Split, list[Answers]] = {split: [] for split in SPLITS}
    for answers in asked.values():
        apart = _one_of_each_answer(answers, preferred)
        for split in SPLITS:
            made[split] += _of_one_question([one for one in apart if one.split == split], preferred)
    made["train"] = _apart(made["train"], held_out, preferred)
    for split, pairs in made.items():
        preferred.splits[split] = [_certified(chosen, rejected) for chosen, rejected in pairs]
    return preferred


def _last_of_each_chat(
    rows: Iterable[CertifiedRow], policy: CurationPolicy, withdrawn: Mapping[str, str], preferred: Preferred
) -> Iterator[tuple[CertifiedRow, Interaction]]:
    """Yield each chat as it was last taken in, whether as a well-rated or as a low-rated one."""
    last: dict[str, tuple[CertifiedRow, Interaction]] = {}
    for line in rows:
        name = line.certificate.row_sha256
        if (why := withdrawn.get(name)) is not None:
            preferred.leave_out(name, why)
            continue
        row = line.verified(policy=policy.redaction)
        try:
            chat = Interaction.model_validate(row)
        except ValidationError as error:
            fields = sorted({".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False)})
            preferred.leave_out(name, "required field missing or malformed", ", ".join(fields))
            continue
        if earlier := last.pop(chat.id, None):
            preferred.leave_out(earlier[0].certificate.row_sha256, "replaced by a later version")
        last[chat.id] = line, chat
    yield from last.values()


def _judged(line: CertifiedRow, chat: Interaction, split: Split, preferred: Preferred) -> Iterator[Judged]:
    """Yield the rated answer of a chat, or its correction and what was corrected, as far as that is known."""
    example = from_interaction(chat)

    def judged(answer: str, rating: float) -> Judged:
        messages = (*chat.messages[:-1], Message(role="assistant", content=answer))
        return Judged(line, example.model_copy(update={"messages": messages}), rating, split)

    if not chat.messages or chat.messages[-1].role != "assistant":
        preferred.leave_out(line.certificate.row_sha256, "no question-answer pair")
    elif chat.correction is None:
        if chat.rating is None:
            preferred.leave_out(line.certificate.row_sha256, "unrated")
        else:
            yield judged(chat.messages[-1].content, chat.rating)
    else:
        yield judged(chat.correction, CORRECTION)
        original = chat.messages[-1].content if chat.original is None else chat.original
        if normalised(original) != normalised(chat.correction):  # else the original was not kept, or nothing changed
            yield judged(original, min(chat.rating or BADLY, BADLY))


def _is_usable(
    one: Judged, policy: CurationPolicy, count_tokens: CountTokens, suites: Suites, preferred: Preferred
) -> bool:
    """Say whether an answer may be learned from, or from its rejection; if not, write down why."""
    reason, detail = reject_reason(one.example, policy), ""
    if reason is None and (overlap := suites.overlap(one.example)):
        reason, detail = f"overlaps suite {overlap.suite}", overlap.detail
        preferred.overlaps[overlap.suite] += 1
    if reason is None:
        reason = length_reason(count_tokens(one.example.messages), policy)
    if reason is not None:
        preferred.leave_out(one.row, reason, detail)
    return reason is None


def _one_of_each_answer(answers: list[Judged], preferred: Preferred) -> list[Judged]:
    """Return of each answer to a question the highest rated row, and none where people disagree about it."""
    same = defaultdict[str, list[Judged]](list)
    for one in answers:
        same[normalised(one.answer)].append(one)
    kept: list[Judged] = []
    for ones in same.values():
        best = max(ones, key=lambda one: one.rating)
        disagree = best.rating - min(one.rating for one in ones) >= APART
        for one in ones:
            if disagree:
                preferred.leave_out(one.row, "people disagree about the answer")
            elif one is not best:
                preferred.leave_out(one.row, "exact duplicate")
        kept += [] if disagree else [best]
    return kept


def _of_one_question(answers: list[Judged], preferred: Preferred) -> list[Answers]:
    """Return the preferences among the answers to one question in one split."""
    best = max(answers, key=lambda one: one.rating, default=None)
    made: list[Answers] = []
    for one in answers:
        above = [better for better in (*answers, best) if better and better.rating - one.rating >= APART]
        if above:  # its own correction, or the best of all
            made.append((next((better for better in above if better.line is one.line), above[-1]), one))
    paired = {id(one) for pair in made for one in pair}
    for one in answers:
        if id(one) in paired:
            continue
        if one.rating >= WELL:
            made.append((one, None))
        elif one.rating <= BADLY:
            made.append((None, one))
        else:
            preferred.leave_out(one.row, "rated neither well nor badly")
    return made


def _apart(made: list[Answers], held_out: Iterable[CertifiedRow], preferred: Preferred) -> list[Answers]:
    """Return the preferences of which no answer, with its question, is or nearly repeats a held-out example."""
    learned = {content_key(one.example.messages): one.example for pair in made for one in pair if one}
    answers = sign((key, *texts_of("examples", example.model_dump())) for key, example in learned.items())
    held = sign((line.certificate.derived_from, *texts_of("examples", line.row)) for line in held_out)
    repeats, kept = answers.repeats_of(held), list[Answers]()
    for pair in made:
        found = [(one.row, of) for one in pair if one and (of := repeats.get(content_key(one.example.messages)))]
        if found:
            row, of = found[0]
            preferred.leave_out(row, "repeats a held-out example", f"of row {of}")
        else:
            kept.append(pair)
    return kept


def _middling(chosen: Judged | None, rejected: Judged | None) -> Literal["chosen", "rejected"] | None:
    """Return which of two answers was rated neither well nor badly; both cannot be, so far apart are they."""
    if chosen and chosen.rating < WELL:
        return "chosen"
    return "rejected" if rejected and rejected.rating > BADLY else None


def _certified(chosen: Judged | None, rejected: Judged | None) -> CertifiedRow:
    """Return the preference with a certificate derived from those of the rows that it was made of."""
    both = [one for one in (chosen, rejected) if one]
    of = both[0].example
    content = Preference(
        messages=both[0].question,
        chosen=chosen.answer if chosen else None,
        rejected=rejected.answer if rejected else None,
        middling=_middling(chosen, rejected),
        source=of.source,
        source_id=of.source_id,
        group_id=of.group_id,
        subject_key=of.subject_key,
        agent_type=of.agent_type,
    ).model_dump(mode="json")
    certificates = {one.row: one.line.certificate for one in both}
    findings = Counter[str]()
    for certificate in certificates.values():
        findings.update(certificate.findings)
    certificate = next(iter(certificates.values())).model_copy(
        update={
            "row_sha256": row_sha256(content),
            "derived_from": " ".join(certificates),
            "findings": dict(findings),
            "canary_bound": max(one.canary_bound for one in certificates.values()),
        }
    )
    return CertifiedRow(row=content, certificate=certificate)
