"""A patient's and a conversation's rows lie in one split, in whatever order and week they come."""

import itertools
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from tasks.dataset.curation import split_of
from tasks.dataset.grouping import SPLITS, Groups
from tasks.records import CurationPolicy, RowKind, Split

KEY = b"a key for tests"
POLICY = CurationPolicy(agent_type="MedicalQA")


class Row(NamedTuple):
    kind: RowKind
    name: str  # of the conversation, document or group
    subject: str

    @property
    def fields(self) -> dict[str, object]:
        named = {"interactions": "conversation_id", "documents": "source_id", "examples": "group_id"}[self.kind]
        return {named: self.name, "subject_key": self.subject, "source": "documents"}

    @property
    def group_id(self) -> str:
        """What the examples of this row are dealt by."""
        if self.kind == "examples":
            return self.name
        return self.subject or (self.name if self.kind == "interactions" else f"documents:{self.name}")


def splits_of(rows: Iterable[Row], *asked: Row) -> list[Split]:
    groups = Groups()
    for row in rows:
        groups.see(row.kind, row.fields)
    return [groups.split_of(row.group_id, KEY, POLICY) for row in asked]


NAMES = st.sampled_from([f"n{n}" for n in range(8)])
KINDS: st.SearchStrategy[RowKind] = st.sampled_from(["interactions", "documents", "examples"])
ROWS = st.lists(st.builds(Row, KINDS, NAMES, st.sampled_from(["", *(f"p{n}" for n in range(6))])), max_size=14)


def names_of(row: Row) -> set[str]:
    name = f"documents:{row.name}" if row.kind == "documents" else row.name
    return {name, row.subject} - {""}


@given(ROWS)
def test_rows_that_share_a_conversation_or_a_patient_share_a_split(rows: list[Row]) -> None:
    for one, other in itertools.combinations(rows, 2):
        if names_of(one) & names_of(other):
            assert len(set(splits_of(rows, one, other))) == 1


@given(ROWS, st.randoms())
def test_the_order_of_rows_tells_nothing(rows: list[Row], random: object) -> None:
    other = sorted(rows, key=lambda _: random.random())  # type: ignore[attr-defined]
    assert splits_of(rows, *rows) == splits_of(other, *rows) == splits_of((*rows, *rows), *rows)


@given(ROWS, ROWS)
def test_later_weeks_move_a_row_only_towards_training(earlier: list[Row], later: list[Row]) -> None:
    before, after = splits_of(earlier, *earlier), splits_of((*earlier, *later), *earlier)
    assert all(SPLITS.index(now) <= SPLITS.index(then) for then, now in zip(before, after, strict=True))


def named(split: Split, letter: str) -> str:
    """Return a name that lies in a split by itself."""
    return next(n for n in (f"{letter}{i}" for i in range(1000)) if split_of(n, KEY, POLICY) == split)


def test_a_conversation_whose_patient_one_row_does_not_know_lies_in_one_split() -> None:
    conversation, patient, other = named("test", "c"), named("train", "p"), named("validation", "d")
    unknown, known = Row("interactions", conversation, ""), Row("interactions", conversation, patient)
    assert splits_of([unknown], unknown) == ["test"]
    assert splits_of([unknown, known], unknown, known) == ["train", "train"]
    elsewhere = Row("interactions", other, "")
    assert splits_of([unknown, known, elsewhere], elsewhere) == ["validation"], "others stay"


def test_a_patients_many_conversations_do_not_pull_the_patient_into_training() -> None:
    patients = [f"patient-{n}" for n in range(2000)]
    rows = [Row("interactions", f"{p}-{chat}", p) for p in patients for chat in range(5)]
    shares = Counter(splits_of(rows, *rows))
    assert abs(shares["test"] / len(rows) - 0.1) < 0.02
    assert splits_of(rows, *rows) == [split_of(row.subject, KEY, POLICY) for row in rows], (
        "as before groups were joined"
    )


def test_a_row_of_a_question_set_stays_with_its_patients_chats() -> None:
    patient, group = named("train", "p"), named("test", "g")
    asked, said = Row("examples", group, patient), Row("interactions", "c", patient)
    assert splits_of([asked, said], asked, said) == ["train", "train"]
