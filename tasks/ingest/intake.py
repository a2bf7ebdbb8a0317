"""What one reading of a source met: every record that the source holds is counted once, and a rejected one is named.

A rejected record is named by its id and its place, never quoted: it stays where it was, and what was not redacted is
not copied elsewhere.
"""

import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from tasks.records import Withdrawal, WithdrawalReason

SPOOL_BYTES = 1 << 20


@dataclass(frozen=True)
class Rejected:
    """A record that was not taken: its source, its id there, where it stands (file and line, table) and why."""

    source: str
    source_id: str
    reason: str
    where: str = ""


class Intake:
    """Counts of one reading. `new`, `changed`, `unchanged`, `retracted` and `rejected` add up to what the source holds.

    A reader calls `reject`, `withdraw` and `warn`, and sets `watermark`; whoever compares its rows with what was taken
    before fills in the other counts. All are complete after the reader's last row.
    """

    def __init__(self) -> None:
        self.new = self.changed = self.unchanged = self.retracted = 0
        self.rejected: Counter[str] = Counter()
        self.warnings: list[str] = []
        self.watermark: dict[str, int] = {}
        self._rejects, self._withdrawals = _Spool(), _Spool()

    def reject(self, reason: str, *, source: str, source_id: str = "", where: str = "") -> None:
        """Count a record under a reason, one of a fixed few without text of the record, and name it."""
        self.rejected[reason] += 1
        self._rejects.add(Rejected(source, source_id, reason, printable(where)))

    def withdraw(self, source: str, source_id: str, reason: WithdrawalReason, notice: str = "") -> None:
        """Say that a record is not to be learned from, also where it was taken before. It is not counted here."""
        self._withdrawals.add({"source": source, "source_id": source_id, "reason": reason, "notice": notice})

    def warn(self, message: str) -> None:
        """Say what could not be read, by file and line; no text."""
        self.warnings.append(printable(message))

    def rejects(self) -> Iterator[Rejected]:
        """Yield every rejected record, in order."""
        return (Rejected(**line) for line in self._rejects.lines())

    def withdrawals(self) -> Iterator[Withdrawal]:
        """Yield every withdrawal, in order."""
        return (Withdrawal.model_validate(line) for line in self._withdrawals.lines())


def printable(path: str) -> str:
    """Return a path with the bytes that are no UTF-8 written out: a file's name may hold any."""
    return path.encode("utf-8", "backslashreplace").decode()


class _Spool:
    """Lines that may be millions: the first wait in memory, the rest in a temporary file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - lives as long as its owner
        weakref.finalize(self, self._file.close)

    def add(self, line: object) -> None:
        self._file.write(orjson.dumps(line) + b"\n")

    def lines(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        for line in self._file:
            yield orjson.loads(line)
        self._file.seek(0, 2)
