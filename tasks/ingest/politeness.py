"""Ask public services no faster than they allow, and once more where waiting can help.

A rate limit holds for all threads and processes of one machine that share a data folder; machines that share an
address (behind one firewall, on one cluster) do not know of each other. Pauses grow after refusals (429), failures
(5xx), time-outs, cut replies and replies that are none; what waiting cannot cure (other 4xx) is refused at once.
Retry-After as RFC 9110, section 10.2.3, has it. Addresses appear in messages without their query, which may hold a key.
"""

import contextlib
import email.utils
import fcntl
import os
import random
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

import httpx

from tasks.errors import SourceError, SourceUnavailable

MARGIN = 1.1  # requests that left evenly arrive less evenly: a tenth more distance keeps them under the limit
PASSING = (408, 425, 429)  # besides 5xx: refusals that end by themselves
STAMP = struct.Struct("<d")

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class RateLimit:
    """At most `per_second` requests a second under `name`, over all processes that use the same `folder`.

    `alone` also lets no request start before the one before it was answered.
    """

    name: str
    per_second: float
    folder: Path
    alone: bool = False

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn; the request belongs into the body."""
        with contextlib.ExitStack() as held:
            self._wait(held.enter_context(self._locked()))
            if not self.alone:
                held.close()
            yield

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(self.folder / f"{self.name}.turn", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SourceError(
                f"{self.folder} cannot hold the rate limit of {self.name}: {error.strerror}.",
                fix="set ROUNDS_DATA_DIR to a folder of yours",
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            fcntl.flock(file, fcntl.LOCK_UN)  # a process that was forked meanwhile holds the same lock
            os.close(file)

    def _wait(self, file: int) -> None:
        """Sleep until the turn after the last one, and note this one.

        The monotonic clock is one for all processes but starts again with the machine, so that the last turn may lie
        in the future: no wait is longer than one interval, whatever the file says.
        """
        interval = MARGIN / self.per_second
        stamp = os.pread(file, STAMP.size, 0)
        if len(stamp) == STAMP.size:
            time.sleep(min(interval, max(0.0, STAMP.unpack(stamp)[0] + interval - time.monotonic())))
        os.pwrite(file, STAMP.pack(time.monotonic()), 0)


@dataclass(frozen=True)
class Patience:
    """How often a question is asked, and how long is waited."""

    tries: int = 7
    first_pause_seconds: float = 1.0  # each further pause is twice as long: about a minute in all
    longest_pause_seconds: float = 120.0  # a service that asks for more is left alone until the next run
    silence_seconds: float = 60.0  # without one byte
    reply_seconds: float = 600.0  # for a whole reply, also one that drips


class BadReply(Exception):
    """What came back is no answer; the same question may get one later, after `pause` seconds where it says so."""

    def __init__(self, what: str, pause: float | None = None) -> None:
        super().__init__(what)
        self.pause = pause


class Service:
    """A service behind HTTP: every request waits for its turn, and is repeated where that can help."""

    def __init__(self, name: str, limit: RateLimit, *, address_setting: str, patience: Patience | None = None) -> None:
        self.name = name
        self._limit = limit
        self._setting = address_setting
        self._patience = patience or Patience()
        self._http = httpx.Client(
            timeout=self._patience.silence_seconds, headers={"User-Agent": "rounds (literature for a language model)"}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, url: str, read: Callable[[bytes], Answer]) -> Answer:
        """Return what `read` makes of the reply; see `post`."""
        return self._ask("GET", url, {}, read)

    def post(self, url: str, fields: Mapping[str, str], read: Callable[[bytes], Answer]) -> Answer:
        """Return what `read` makes of the reply's body. `read` raises `BadReply` for a body that is no answer.

        Raises:
            SourceUnavailable: no answer in as many tries as patience allows, or a longer pause was asked for.
            SourceError: refused for good, or the address leads nowhere.
        """
        return self._ask("POST", url, fields, read)

    def _ask(self, method: str, url: str, fields: Mapping[str, str], read: Callable[[bytes], Answer]) -> Answer:
        later = f"try again later; if it stays so, check {self._setting} and the network"
        fault = ""
        for attempt in range(self._patience.tries):
            try:
                with self._limit.turn():
                    return self._once(method, url, fields, read)
            except BadReply as reply:
                fault = str(reply)
                pause = self._pause(attempt, reply.pause)
            if pause > self._patience.longest_pause_seconds:
                raise SourceUnavailable(f"{self.name} asks to be left alone for {pause:.0f} s ({fault}).", fix=later)
            if attempt + 1 < self._patience.tries:
                time.sleep(pause)
        raise SourceUnavailable(
            f"{self.name} gave no usable answer in {self._patience.tries} tries; the last time: {fault}.", fix=later
        )

    def _pause(self, attempt: int, asked: float | None) -> float:
        if asked is not None:
            return asked
        grown = self._patience.first_pause_seconds * 2**attempt
        return float(min(grown, self._patience.longest_pause_seconds) * random.uniform(0.75, 1.0))  # not all at once

    def _once(self, method: str, url: str, fields: Mapping[str, str], read: Callable[[bytes], Answer]) -> Answer:
        try:
            with self._http.stream(method, url, data=dict(fields) or None) as reply:
                body = self._body(reply)
        except (httpx.UnsupportedProtocol, httpx.InvalidURL):
            raise SourceError(
                f"{self.name} has no http address.", fix=f"set {self._setting} to one, or leave it unset"
            ) from None
        except httpx.RequestError as error:
            raise BadReply(FAULTS.get(type(error), type(error).__name__)) from None
        if reply.status_code in PASSING or reply.status_code >= 500:
            raise BadReply(f"HTTP {reply.status_code}", _retry_after(reply.headers.get("Retry-After", "")))
        if reply.is_success:
            return read(body)
        with contextlib.suppress(BadReply):  # the body of a refusal may say why: `read` then raises what it says
            read(body)
        raise SourceError(
            f"{self.name} refuses the request: HTTP {reply.status_code} from {reply.url.copy_with(query=None)}.",
            fix=f"check the query and {self._setting}",
        )

    def _body(self, reply: httpx.Response) -> bytes:
        end = time.monotonic() + self._patience.reply_seconds
        body = bytearray()
        for part in reply.iter_bytes():
            body += part
            if time.monotonic() > end:
                raise BadReply(f"the reply took longer than {self._patience.reply_seconds:.0f} s")
        return bytes(body)


FAULTS: dict[type[Exception], str] = {
    httpx.ConnectError: "no connection",
    httpx.ConnectTimeout: "no connection in time",
    httpx.ReadTimeout: "no reply in time",
    httpx.ReadError: "the connection broke",
    httpx.RemoteProtocolError: "the reply was cut off",
}


def _retry_after(value: str) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or a date; None for none."""
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
