"""The limit holds for processes and threads together; a question is repeated where that helps, and only there."""

import itertools
import multiprocessing
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.errors import SourceError, SourceUnavailable
from tasks.ingest.politeness import BadReply, Patience, RateLimit, Service
from tests.tasks.ingest.literature_server import Literature, serve
from tests.tasks.ingest.turn_takers import take_turns

HASTE = Patience(
    tries=4, first_pause_seconds=0.001, longest_pause_seconds=5, silence_seconds=0.2, reply_seconds=0.3
)  # fmt: skip


# ── the limit ────────────────────────────────────────────────────────────────────────────────────────────────────


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(processes=st.integers(2, 3), threads=st.integers(1, 2), per_second=st.sampled_from((50, 100)))
def test_the_turns_of_several_processes_together_keep_the_limit_and_never_overlap(
    tmp_path_factory: pytest.TempPathFactory, processes: int, threads: int, per_second: float
) -> None:
    folder, turns = tmp_path_factory.mktemp("turns"), 4
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes * threads)
    arguments = (folder, per_second, turns, threads, ready)
    workers = [context.Process(target=take_turns, args=arguments) for _ in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    logs = [file.read_text().splitlines() for file in folder.iterdir() if file.suffix != ".turn"]
    start = min(float(log[0].split()[0]) for log in logs)
    spans = sorted(tuple(map(float, line.split())) for log in logs for line in log[1:])
    assert len(spans) == processes * threads * turns
    assert spans[-1][0] - start >= (len(spans) - 1) / per_second
    assert all(later[0] >= earlier[1] for earlier, later in itertools.pairwise(spans))


def test_the_first_turn_comes_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept = sleeps(monkeypatch)
    with RateLimit("service", 1 / 3, tmp_path / "new").turn():
        pass
    assert slept == []


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        (struct.pack("<d", 1e12), "written before the machine was restarted: its clock starts again"),
        (struct.pack("<d", 1e300), "damaged"),
    ],
)
def test_no_wait_is_longer_than_one_interval(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamp: bytes, why: str
) -> None:
    (tmp_path / "service.turn").write_bytes(stamp)
    slept = sleeps(monkeypatch)
    with RateLimit("service", 0.5, tmp_path).turn():
        pass
    assert slept == [pytest.approx(2.2)], why


@pytest.mark.parametrize("stamp", [b"", b"cut", struct.pack("<d", float("nan")), struct.pack("<d", -1e9)])
def test_a_damaged_note_of_the_last_turn_does_not_stop_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamp: bytes
) -> None:
    (tmp_path / "service.turn").write_bytes(stamp)
    sleeps(monkeypatch)
    with RateLimit("service", 0.5, tmp_path).turn():
        pass
    (left,) = struct.unpack("<d", (tmp_path / "service.turn").read_bytes()[:8])
    assert left == pytest.approx(time.monotonic(), abs=60)


def test_a_turn_that_failed_gives_the_lock_back(tmp_path: Path) -> None:
    limit = RateLimit("service", 1000, tmp_path, alone=True)
    with pytest.raises(ZeroDivisionError), limit.turn():
        raise ZeroDivisionError
    with limit.turn():
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match="ROUNDS_DATA_DIR"), RateLimit("service", 1, tmp_path / "file").turn():
        pass


def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    slept: list[float] = []
    monkeypatch.setattr("tasks.ingest.politeness.time.sleep", lambda seconds: slept.append(seconds) if seconds else 0)
    return slept


# ── questions ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def literature() -> Iterator[Literature]:
    with serve(Literature(per_second={"entrez": 1000, "entrez key": 1000, "arxiv": 1}, slow_seconds=0.4)) as served:
        yield served


def ask(literature: Literature, folder: Path, patience: Patience = HASTE, path: str = "einfo.fcgi") -> bytes:
    with Service("Test", RateLimit("x", 900, folder), address_setting="ROUNDS_TEST_URL", patience=patience) as service:
        return service.post(f"{literature.url}/{path}", {"tool": "rounds", "email": "a@example.org"}, whole)


def whole(reply: bytes) -> bytes:
    if not reply.rstrip().endswith(b"</eInfoResult>"):
        raise BadReply("no result")
    return reply


@pytest.mark.parametrize(
    "fault", ["429", "429 later", "limited", "500", "502", "html", "empty", "json", "cut", "truncated", "slow", "drip"]
)
def test_what_passes_is_asked_again(literature: Literature, tmp_path: Path, fault: str) -> None:
    literature.faults.extend([fault, fault])
    assert b"<eInfoResult>" in ask(literature, tmp_path)
    assert len(literature.requests) == 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("429", "HTTP 429"),
        ("500", "HTTP 500"),
        ("cut", "cut off"),
        ("slow", "no reply in time"),
        ("drip", "longer than"),
        ("html", "no result"),
    ],
)
def test_what_does_not_pass_is_said_to_be_retryable(
    literature: Literature, tmp_path: Path, fault: str, said: str
) -> None:
    literature.faults.extend([fault] * 4)
    with pytest.raises(SourceUnavailable, match=said) as raised:
        ask(literature, tmp_path)
    assert raised.value.retryable
    assert len(literature.requests) == 4


def test_a_lasting_refusal_is_not_asked_again(literature: Literature, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="HTTP 404") as raised:
        ask(literature, tmp_path, path="nowhere.fcgi?api_key=secret")
    assert not raised.value.retryable
    assert "secret" not in str(raised.value)
    assert len(literature.requests) == 1


def test_a_request_to_come_back_much_later_ends_the_reading(literature: Literature, tmp_path: Path) -> None:
    literature.faults.append("429 much later")
    with pytest.raises(SourceUnavailable, match="left alone for 3600 s"):
        ask(literature, tmp_path)
    assert len(literature.requests) == 1


def test_pauses_grow(literature: Literature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    literature.faults.extend(["500"] * 6)
    pauses: list[float] = []
    monkeypatch.setattr("tasks.ingest.politeness.Service._pause", recorded_pause(pauses, Service._pause))
    ask(literature, tmp_path, Patience(tries=7, first_pause_seconds=0.002, longest_pause_seconds=0.03))
    assert len(pauses) == 6
    for attempt, pause in enumerate(pauses):
        full = min(0.002 * 2**attempt, 0.03)
        assert 0.75 * full <= pause <= full


def recorded_pause(pauses: list[float], real):
    def pause(self: Service, attempt: int, asked: float | None) -> float:
        pauses.append(real(self, attempt, asked))
        return pauses[-1]

    return pause


def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="no connection"):
        ask(Literature(url="http://127.0.0.1:9"), tmp_path)


@pytest.mark.parametrize("url", ["eutils.example.org", "ftp://eutils.example.org", ""])
def test_an_address_that_is_none_is_a_matter_of_settings(tmp_path: Path, url: str) -> None:
    with pytest.raises(SourceError, match="ROUNDS_TEST_URL") as raised:
        ask(Literature(url=url), tmp_path)
    assert not raised.value.retryable
