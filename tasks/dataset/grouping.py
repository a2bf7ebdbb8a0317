"""Which rows must lie in one split: those of one conversation, paper or document, and those of one patient.

Rows that share a name are joined, over everything that was ever seen: a conversation whose patient one row knows and
another does not is one group with all that the patient's other rows are in. Each row has a name that it is dealt by,
as ever: the patient where a chat or document knows one, else the conversation, paper or document; for a row of a
question set the group that it names. A joined group lies where the first of its dealt names in the order train,
validation, test lies by itself (`split_of`).

So the split hangs on no order and on no earlier week, and a later row can move others only towards training: what was
learned from never becomes a question of the test. What was held out may be learned from later, once a row ties it to
what was; then it is no longer asked. The limits: a patient's rows stay together only as long as the shards with the
rows that tie them are given, withdrawn ones among them; a patient whose rows name many groups of their own leans
towards training, because each is a further name to be dealt; two patients in one conversation become one group.
"""

from collections.abc import Mapping

from tasks.dataset.curation import split_of
from tasks.records import CurationPolicy, RowKind, Split

SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class Groups:
    """The groups of all rows seen so far, as a forest of names (union-find)."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}
        self._dealt: set[str] = set()
        self._members: dict[str, list[str]] | None = None

    def see(self, kind: RowKind, row: Mapping[str, object]) -> None:
        """Take in the names of one row, also of one that no example is made of."""
        subject = str(row.get("subject_key") or "")
        match kind:
            case "interactions":
                name = str(row.get("conversation_id") or "")
            case "documents":
                name = f"{row.get('source')}:{row.get('source_id')}"
            case "examples":
                name = str(row.get("group_id") or "")
        self._dealt.add(name if kind == "examples" or not subject else subject)
        if subject and name and subject != name:
            self._join(name, subject)
        self._members = None

    def split_of(self, group_id: str, key: bytes, policy: CurationPolicy) -> Split:
        """Return the split of a group's rows: the first, in the order of `SPLITS`, of all that it is joined with."""
        if group_id not in self._above:
            return split_of(group_id, key, policy)
        if self._members is None:
            self._members = {}
            for name in self._dealt & self._above.keys():
                self._members.setdefault(self._top(name), []).append(name)
        names = {group_id, *self._members.get(self._top(group_id), ())}
        return min((split_of(name, key, policy) for name in names), key=SPLITS.index)

    def _join(self, one: str, other: str) -> None:
        first, second = sorted((self._top(one), self._top(other)))
        self._above[second] = first
        self._above.setdefault(first, first)

    def _top(self, name: str) -> str:
        """Return the name that stands for a name's group, and shorten the way to it."""
        self._above.setdefault(name, name)
        top = name
        while self._above[top] != top:
            top = self._above[top]
        while self._above[name] != top:
            self._above[name], name = top, self._above[name]
        return top
