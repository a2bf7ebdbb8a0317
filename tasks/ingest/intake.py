"""What one reading of a source met: every record that the source holds is counted once, and a rejected one is named.

A rejected record is named by its id and its place, never quoted: it stays where it was, and what was not redacted is
not copied elsewhere.
"""

import tempfile
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from tasks.records import Withdrawal, WithdrawalReason

SPOOL_BYTES = 1 << 20  # of named rejects in memory; a table may hold millions, so the rest waits in a temporary file


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
        self.withdrawn: list[Withdrawal] = []
        self.warnings: list[str] = []
        self.watermark: dict[str, int] = {}
        self._named = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115 - lives as long as its owner
        weakref.finalize(self, self._named.close)

    def reject(self, reason: str, *, source: str, source_id: str = "", where: str = "") -> None:
        """Count a record under a reason, one of a fixed few without text of the record, and name it."""
        self.rejected[reason] += 1
        self._named.write(orjson.dumps(Rejected(source, source_id, reason, where)) + b"\n")

    def withdraw(self, source: str, source_id: str, reason: WithdrawalReason, notice: str = "") -> None:
        """Say that a record is not to be learned from, also where it was taken before. It is not counted here."""
        self.withdrawn.append(Withdrawal(source=source, source_id=source_id, reason=reason, notice=notice))

    def warn(self, message: str) -> None:
        """Say what could not be read, by file and line; no text."""
        self.warnings.append(message)

    def rejects(self) -> Iterator[Rejected]:
        """Yield every rejected record that was named, in order."""
        self._named.seek(0)
        for line in self._named:
            yield Rejected(**orjson.loads(line))
        self._named.seek(0, 2)
