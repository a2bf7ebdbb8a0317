"""`rounds phi review`: in a terminal, as a page, and as cases; on a real PostgreSQL, once in a real terminal."""

import functools
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from rich.console import Console

from flows import review_commands
from flows.review_cli import review
from flows.review_terminal import Session
from infra.database import connect
from infra.settings import get_settings
from tasks.phi.review import Find, Item, Key, Line, Verdict, draw
from tests.flows.workplace import Ended, surroundings, working_in

NAME = "Zebulon Quillfeather"
LINES = (
    {"id": "n1", "text": f"Patient name: {NAME}. MRN: 4471203. He was sent to Quillmere by train."},
    {"id": "n2", "text": "SSN: 123-45-6789. \x1b[2J\u202eHe keeps the key QX-4471-G. Locker 882143 is his."},
)
REGISTER = "import typer; from flows.review_cli import review; app = typer.Typer(); app.command()(review); app()"

app = typer.Typer(pretty_exceptions_show_locals=False)
app.command(name="review", epilog="Example: rounds phi review notes.jsonl --page review.html")(review)


@functools.cache
def real_detector() -> Find:
    """Return a real detector that knows neither places nor other codes: the near misses."""
    from tasks.phi.detection import Detector
    from tasks.phi.recognizers import RECOGNIZERS

    return Detector([kind() for kind in RECOGNIZERS if kind.category in {"NAME", "MRN", "SSN"}]).find


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One data folder with its server for the module."""
    with working_in(tmp_path_factory.mktemp("review") / "data") as folder:
        yield folder


@pytest.fixture
def notes(place: Path, tmp_path: Path) -> Path:
    get_settings.cache_clear()
    with connect() as connection:
        connection.execute("truncate phi_verdicts restart identity")
    file = tmp_path / "notes.jsonl"
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in LINES) + b"no json\n")
    return file


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["review", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            app()
        code = ended.value.code
        out, err = capsys.readouterr()
        return Ended(code if isinstance(code, int) else 0, out, " ".join(err.split()))

    # Presidio takes seconds, and one detector serves all.
    monkeypatch.setattr(review_commands, "_detector", lambda _: (real_detector(), "e1"))
    return run


def saved_by_the_page(notes: Path, verdicts: dict[str, tuple[str, str]]) -> Path:
    """Write what the page's script writes, for words of the notes."""
    found = []
    for line in LINES:
        for words, (verdict, category) in verdicts.items():
            if (start := line["text"].find(words)) >= 0:
                digest = draw([Line("", line["text"])], real_detector(), get_settings().secret_key(), size=9, seed=1)
                found.append({
                    "document": digest.items[0].document, "start": start, "end": start + len(words),
                    "category": category, "verdict": verdict,
                })  # fmt: skip
    file = notes.with_name("review-verdicts.json")
    file.write_bytes(orjson.dumps({"format": "rounds-phi-verdicts-1", "verdicts": found}))
    return file


# ── the page, and back ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_is_written_for_its_owner_alone(command: Callable[..., Ended], notes: Path) -> None:
    page = notes.with_name("review.html")
    ended = command(notes, "--page", page, "--json")
    assert ended.code == 0, ended.err
    told = orjson.loads(ended.out)
    assert (told["texts"], told["findings"]) == (2, sum(told["found"].values()))
    assert told["near_misses"] >= 2
    assert page.stat().st_mode & 0o777 == 0o600
    assert NAME in page.read_text(encoding="utf-8")
    assert NAME not in ended.out + ended.err
    assert "1 line is no object with a text, left out: 3." in ended.err


def test_verdicts_of_a_page_become_cases_and_a_missed_identifier_fails_the_check(
    command: Callable[..., Ended], notes: Path
) -> None:
    saved = saved_by_the_page(
        notes, {NAME: ("confirmed", "NAME"), "4471203": ("wrong", "MRN"), "Quillmere by": ("missed", "GEO")}
    )
    assert command(notes, "--verdicts", saved, "--reviewer", "officer").code == 0
    with connect() as connection:
        rows = connection.execute("select verdict, reviewer from phi_verdicts order by span_start").fetchall()
    assert rows == [("confirmed", "officer"), ("wrong", "officer"), ("missed", "officer")]
    checked = command("--check", "--json")
    assert checked.code == 6
    told = orjson.loads(checked.out)
    assert told["cases"] == 3
    assert [(r["category"], r["verdict"]) for r in told["not_found"]] == [("GEO", "missed")]
    assert [(r["category"], r["verdict"]) for r in told["still_found"]] == [("MRN", "wrong")]
    shown = command("--check")
    assert shown.code == 6
    assert "agrees with 1 of 3 verdicts" in shown.out
    for text in (NAME, "4471203", "Quillmere"):
        assert text not in checked.out + checked.err + shown.out + shown.err
    missed = str(told["not_found"][0]["id"])
    assert command("--forget", missed).code == 0
    assert command("--check").code == 0
    assert command("--forget", missed).code == 5
    assert command("--forget", "all").out == "2 verdicts are deleted.\n"
    assert "No verdict is stored yet" in command("--check").out


def test_a_page_shows_what_was_judged_before(command: Callable[..., Ended], notes: Path) -> None:
    command(notes, "--verdicts", saved_by_the_page(notes, {"4471203": ("wrong", "MRN")}))
    page = notes.with_name("review.html")
    assert command(notes, "--page", page).code == 0
    assert page.read_text(encoding="utf-8").count('data-verdict="wrong" data-category="MRN"') == 1


def test_verdicts_on_another_file_are_explained(command: Callable[..., Ended], notes: Path) -> None:
    saved = saved_by_the_page(notes, {"4471203": ("wrong", "MRN")})
    notes.write_text('{"id": 1, "text": "another"}\n')
    ended = command(notes, "--verdicts", saved)
    assert ended.code == 5
    assert "None of the 1 verdicts is on a text of" in ended.err


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        ([], 2, "name a file"),
        (["NOTES", "--check"], 2, "use one"),
        (["--check", "--page", "x.html"], 2, "need the file"),
        (["--forget", "some"], 2, "a number"),
        (["NOTES", "--sample", "0"], 2, "sample"),
        (["NOTES"], 3, "--page review.html"),
        (["missing.jsonl", "--page", "x.html"], 5, "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_explained(
    command: Callable[..., Ended], notes: Path, arguments: list[str], code: int, word: str
) -> None:
    ended = command(*(notes if a == "NOTES" else a for a in arguments))
    assert ended.code == code
    assert word in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_a_mode_without_a_detector_is_refused(notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["review"])
    with pytest.raises(SystemExit) as ended:
        app([str(notes), "--page", "x.html", "--mode", "strict"])
    assert ended.value.code == 3


# ── the terminal ─────────────────────────────────────────────────────────────────────────────────────────────────


class Desk:
    """A session with keys given beforehand, and what it stored."""

    def __init__(self, *keys: str | type[BaseException], width: int = 80) -> None:
        lines = [Line(line["id"], line["text"]) for line in LINES]
        self.sample = draw(lines, real_detector(), b"k" * 32, size=9, seed=1)
        self.judged: dict[Key, tuple[Verdict, str]] = {}
        self.said: list[tuple[str, str]] = []
        self.keys = iter(keys)
        self.console = Console(width=width, record=True, file=Path(os.devnull).open("w"), highlight=False)  # noqa: SIM115
        self.items: tuple[Item, ...] = self.sample.items

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *_: object) -> None:
        self.console.file.close()

    def key(self) -> str:
        given = next(self.keys)
        if isinstance(given, str):
            return given
        raise given

    def run(self) -> str:
        session = Session(
            self.items, self.judged,
            store=lambda _, verdict, category: self.said.append((verdict, category)),
            take_back=lambda _: self.said.append(("taken back", "")),
            console=self.console, read_key=self.key,
        )  # fmt: skip
        return session.run()

    def shown(self) -> str:
        return self.console.export_text(clear=False)


def test_each_key_stores_its_verdict_at_once() -> None:
    with Desk("c", "w", "k", "3", "\r", "q") as desk:
        kinds = [item.category for item in desk.sample.findings]
        assert desk.run() == "quit"
    assert desk.said == [("confirmed", kinds[0]), ("wrong", kinds[1]), ("confirmed", "DATE")]


def test_near_misses_are_passed_or_missed() -> None:
    with Desk("c", "m", "\r") as desk:
        desk.items = tuple(desk.sample.near_misses)[:2]
        likely = desk.items[1].category
        assert desk.run() == "finished"
    assert desk.said == [("harmless", ""), ("missed", likely)]


def test_undo_goes_back_and_takes_the_verdict_back() -> None:
    with Desk("u", "s", "c", "u", "u", "c", "q") as desk:
        first = desk.items[0]
        assert desk.run() == "quit"
    assert [said[0] for said in desk.said] == ["confirmed", "taken back", "confirmed"]
    assert list(desk.judged) == [first.key]
    assert "nothing to undo" in desk.shown()


def test_keys_that_mean_nothing_are_passed_over() -> None:
    with Desk("\x1b[A", "m", "é", "", "\t", "C", "q") as desk:
        desk.run()
    assert [said[0] for said in desk.said] == ["confirmed"]


def test_a_category_can_be_corrected_while_typing_or_left() -> None:
    with Desk("k", "1", "\x7f", "9", "9", "\r", "0", "\r", "k", "1", "0", "\r", "q") as desk:
        desk.run()
    assert desk.said == [("confirmed", "MRN")]
    assert "A number from 1 to 20." in desk.shown()


@pytest.mark.parametrize(("leaving", "ended"), [(KeyboardInterrupt, "interrupted"), (EOFError, "quit")])
def test_leaving_keeps_what_was_given(leaving: type[BaseException], ended: str) -> None:
    with Desk("c", leaving) as desk:
        assert desk.run() == ended
    assert len(desk.judged) == 1


def test_a_later_session_goes_on_where_the_first_ended() -> None:
    with Desk("c", "q") as desk:
        desk.run()
        desk.keys = iter("s" * 20)
        assert desk.run() == "finished"
        assert "1 items of this sample are judged already" in desk.shown()
        desk.judged.update(dict.fromkeys((item.key for item in desk.items), ("confirmed", "NAME")))
        assert desk.run() == "finished"
    assert "Another --seed" in desk.shown()


def test_no_item_is_no_question() -> None:
    with Desk() as desk:
        desk.items = ()
        assert desk.run() == "finished"


def test_all_fits_in_80_columns_and_steers_nothing() -> None:
    with Desk(*"s" * 20) as desk:
        desk.run()
    shown = desk.shown()
    assert max(map(len, shown.splitlines())) <= 80
    assert not set(shown) & {"\x1b", "\u202e"}
    assert f"⟦{NAME}⟧" in shown


def test_a_real_terminal_interrupted_keeps_what_was_given(place: Path, notes: Path) -> None:
    ours, theirs = os.openpty()
    environment = {**os.environ, **surroundings(place), "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(
        [sys.executable, "-c", REGISTER, str(notes), "--sample", "2", "--json"],
        stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, env=environment, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        shown = _type_when(ours, b"[q]uit", b"c", 120)
        shown += _type_when(ours, b"[q]uit", b"\x03", 60)
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(ours)
    assert process.returncode == 130
    assert orjson.loads(out)["findings_judged"] == 1
    assert b"\x1b[2J" not in shown
    with connect() as connection:
        assert connection.execute("select verdict from phi_verdicts").fetchall() == [("confirmed",)]


def _type_when(terminal: int, seen: bytes, keys: bytes, seconds: float) -> bytes:
    """Type once something is shown; return all that was shown."""
    shown: Any = b""
    deadline = time.monotonic() + seconds
    while seen not in shown:
        assert time.monotonic() < deadline, "it was never shown"
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 65536)
    time.sleep(0.2)  # the terminal is made raw right after the last line
    os.write(terminal, keys)
    return bytes(shown)
