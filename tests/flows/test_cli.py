"""The `rounds` command: help with examples, exit codes, one message with one fix, JSON for machines."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from typer.testing import CliRunner

from flows import cli
from infra.database import connect
from infra.settings import get_settings
from tests.flows.workplace import NAME, PHRASE, Ended, Hospital, Played, finish, start, stop_database, working_in
from tests.tasks.ingest.entrez_replies import retract, stored
from tests.tasks.ingest.literature_server import Literature, serve

NO_SERVER = "postgresql://u:secret@127.0.0.1:9/x"
pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")


@pytest.fixture(scope="module")
def place(prefect: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep a data folder and its server for the module: to start one takes longer than most of these tests."""
    with working_in(tmp_path_factory.mktemp("command") / "data") as folder:
        yield folder


@pytest.fixture
def data(place: Path) -> Iterator[Path]:
    """Empty the folder as of a new installation: no chat, no file taken in, no watermark."""
    get_settings.cache_clear()
    with connect() as connection:
        connection.execute(
            "truncate interactions, ingested_files, watermarks, shards, rows, source_records, readings,"
            " withdrawals restart identity"
        )
    yield place
    get_settings.cache_clear()


class Command:
    """`rounds` in this process: what it printed, and its exit code."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self.patch, self.captured = patch, captured

    def __call__(self, *arguments: str) -> Ended:
        self.patch.setattr(sys, "argv", ["rounds", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        code = ended.value.code
        out, err = self.captured.readouterr()
        return Ended(code if isinstance(code, int) else 0, out, " ".join(err.split()))


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def assert_explained(ended: Ended, code: int, *words: str) -> None:
    """One message with a fix on standard error, no traceback, and nothing on standard output."""
    assert ended.code == code, ended.err
    assert ended.err.count("Fix:") == 1
    assert "Traceback" not in ended.err
    assert ended.out == ""
    for word in words:
        assert word in ended.err


def commands() -> dict[str, list[str]]:
    """Return every command with the words that call it."""
    names: dict[str, list[str]] = {}
    for name, command in typer.main.get_command(cli.app).commands.items():  # type: ignore[attr-defined]
        below = getattr(command, "commands", {})
        names |= {f"{name} {other}": [name, other] for other in below} or {name: [name]}
    return names


# ── help and usage ───────────────────────────────────────────────────────────────────────────────────────────────


def test_the_commands_are_these() -> None:
    assert set(commands()) == {
        "weekly", "collect", "train", "benchmark", "demo", "load-chats", "chat", "status", "doctor",
        "models list", "models show", "models card", "dataset show", "retractions",
        "ingest pubmed", "ingest pubmed-files", "ingest pmc", "ingest arxiv", "ingest interactions",
        "ingest documents", "ingest examples", "export chats", "export dataset", "export texts",
        "suites list", "suites show", "suites check", "suites import", "gate calibrate", "study",
        "redact", "phi eval", "phi review", "phi train-tagger", "compare", "harness",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(commands()))
def test_help_has_an_example_of_the_command(name: str) -> None:
    shown = CliRunner().invoke(cli.app, [*commands()[name], "--help"])
    assert shown.exit_code == 0
    assert f"Example: rounds {name}" in " ".join(shown.output.split())


def test_help_documents_the_exit_codes() -> None:
    shown = " ".join(CliRunner().invoke(cli.app, ["--help"]).output.split())
    assert "Exit codes" in shown
    assert "10 registry" in shown


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["weekly", "--min-rating", "7"], "min-rating"),
        (["weekly", "--limit", "some"], "limit"),
        (["weekly", "--no-such-option"], "No such option"),
        (["weekly", "--gguf-quantization", "Q9"], "Q6_K"),
        (["no-such-command"], "No such command"),
        (["ingest", "pubmed", " "], "search for"),
        (["ingest", "arxiv"], "search for"),
        (["ingest", "pubmed", "x", "--since", "yesterday"], "since"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], word: str, data: Path, command: Command) -> None:
    ended = command(*arguments)
    assert ended.code == 2
    assert word in ended.err
    assert ended.out == ""


# ── an empty data folder ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_data_folder_is_no_error(data: Path, command: Command) -> None:
    assert "No model is registered yet" in command("models", "list").out
    assert "Nothing here yet" in command("status").out
    assert command("models", "list", "--json").json == []
    assert command("status", "--json").json == {"champions": [], "last_rounds": [], "waiting_chats": {}}


def test_doctor_names_each_thing_and_the_fix_of_each_lack(
    data: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = {check["name"]: check for check in command("doctor", "--json").json}
    assert set(checks) == {"compiler", "GPU", "disk", "database", "Prefect", "GGUF converter"}
    assert checks["database"]["ok"]
    assert "embedded" in checks["database"]["seen"]

    monkeypatch.setenv("ROUNDS_DATABASE_URL", NO_SERVER)
    get_settings.cache_clear()
    ended = command("doctor", "--json")
    assert ended.code == 3
    lack = next(check for check in ended.json if check["name"] == "database")
    assert not lack["ok"]
    assert "ROUNDS_DATABASE_URL" in lack["fix"]
    assert "secret" not in ended.out + ended.err


# ── explained failures ───────────────────────────────────────────────────────────────────────────────────────────


def weekly(hospital: Hospital, **changes: str) -> list[str]:
    options = {"literature": hospital.papers, "recipe": hospital.recipe, "base-model": hospital.base} | changes
    return ["weekly", *(word for name, value in options.items() for word in (f"--{name}", str(value)))]


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"literature": "/no/such/papers"}, 5, ("SourceError", "/no/such/papers does not exist")),
        ({"recipe": "no-such-recipe"}, 8, ("TrainingError", "no-such-recipe", "qlora-tiny")),
        ({"base-model": "/no/such/base"}, 8, ("TrainingError", "/no/such/base does not exist", "builtin:tiny")),
        ({"base-model": "nobody/no-such-base"}, 8, ("TrainingError", "nobody/no-such-base", "builtin:tiny")),
        ({"base-model": "builtin:huge"}, 8, ("TrainingError", "builtin:huge")),
        ({"agent-type": "Cardiology"}, 7, ("DataError", "Cardiology", "--min-examples")),
    ],
)
def test_a_failed_round_prints_what_and_fix_and_its_exit_code(
    changes: dict[str, str], code: int, words: tuple[str, ...], data: Path, hospital: Hospital, command: Command
) -> None:
    assert_explained(command(*weekly(hospital, **changes)), code, *words)


def test_an_unreachable_database_ends_with_3_and_its_password_is_not_printed(
    data: Path, hospital: Hospital, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUNDS_DATABASE_URL", NO_SERVER)
    get_settings.cache_clear()
    for arguments in (["status"], weekly(hospital)):
        ended = command(*arguments)
        assert_explained(ended, 3, "DatabaseUnreachable", "127.0.0.1:9")
        assert "secret" not in ended.err


@pytest.mark.parametrize("arguments", [["models", "show"], ["benchmark"], ["chat", "Why?", "--model"]])
def test_an_unknown_model_ends_with_10(arguments: list[str], data: Path, command: Command) -> None:
    assert_explained(command(*arguments, "no-such-model"), 10, "RegistryError", "no-such-model")


def test_an_agent_without_champion_is_told_so(data: Path, command: Command) -> None:
    assert_explained(command("chat", "Why?"), 10, "MedicalQA has no champion", "--model")


def test_an_error_as_json_parses_and_says_the_same(data: Path, command: Command) -> None:
    ended = command("models", "show", "no-such-model", "--json")
    assert ended.code == 10
    assert ended.json == {
        "error": "RegistryError", "what": "No model no-such-model.", "fix": "see rounds models list",
    }  # fmt: skip


def test_a_failed_step_leaves_no_traceback_on_the_terminal(tmp_path: Path, hospital: Hospital) -> None:
    """In a process of its own, with the Prefect that comes with it: it logs failures at length if it may."""
    data = tmp_path / "data"
    try:
        ended = finish(start(data, *weekly(hospital, literature="/no/such/papers")), seconds=90)
    finally:
        stop_database(data)
    assert_explained(ended, 5, "/no/such/papers does not exist")
    assert len(ended.err.splitlines()) <= 6


# ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────────


def adds_up(counts: dict[str, Any]) -> bool:
    parts = (counts[name] for name in ("new", "changed", "unchanged", "retracted"))
    return bool(counts["held"] == sum(parts) + sum(counts["rejected"].values()))


def test_one_source_is_taken_in_alone_and_its_counts_add_up(data: Path, hospital: Hospital, command: Command) -> None:
    first = command("ingest", "pubmed-files", str(hospital.papers), "--json").json
    assert first["new"] > 10
    assert first["rejected"].keys() == {"no abstract"}
    assert adds_up(first)
    (named,) = [orjson.loads(line) for line in Path(first["rejects"][0]).read_bytes().splitlines()]
    assert (named["source"], named["reason"]) == ("pubmed", "no abstract")
    other = command("ingest", "pubmed-files", str(hospital.papers), "-a", "Clinical", "--limit", "3", "--json").json
    assert (other["new"], adds_up(other)) == (3, True)


def test_after_a_limit_the_next_run_takes_the_rest(data: Path, hospital: Hospital, command: Command) -> None:
    whole = command("ingest", "pubmed-files", str(hospital.papers), "-a", "Clinical", "--json").json["new"]
    assert command("ingest", "pubmed-files", str(hospital.papers), "--limit", "3", "--json").json["new"] == 3
    rest = command("ingest", "pubmed-files", str(hospital.papers), "--json").json
    assert (rest["new"], rest["unchanged"]) == (whole - 3, 3)
    assert command("ingest", "pubmed-files", str(hospital.papers), "--json").json["held"] == 0


def test_a_dry_run_shows_redacted_examples_and_remembers_nothing(
    data: Path, hospital: Hospital, command: Command
) -> None:
    command("load-chats", str(hospital.chats))
    looked = command("ingest", "interactions", "--dry-run", "--json").json
    assert looked["new"] > 100
    assert len(looked["examples"]) == 3
    assert NAME not in str(looked["examples"])
    with connect() as connection:
        for table in ("shards", "readings", "watermarks", "source_records"):
            assert connection.execute(f"select count(*) from {table}").fetchone() == (0,)
    taken = command("ingest", "interactions", "--json").json
    assert {name: taken[name] for name in ("held", "new", "rejected")} == {
        name: looked[name] for name in ("held", "new", "rejected")
    }
    assert adds_up(taken)
    assert "Nothing new" in command("ingest", "interactions").out


def test_a_paper_retracted_after_it_was_taken_is_listed(data: Path, hospital: Hospital, command: Command) -> None:
    assert "Nothing that was taken in" in command("retractions").out
    command("ingest", "pubmed-files", str(hospital.papers))
    with connect() as connection:
        (taken,) = connection.execute("select min(source_id) from rows").fetchone() or ("",)
        connection.execute(
            "insert into withdrawals (source, source_id, reason) values ('pubmed', %s, 'retracted')", (taken,)
        )
    (listed,) = command("retractions", "--json").json
    assert (listed["source_id"], listed["reason"], listed["models"]) == (taken, "retracted", [])


@pytest.fixture
def literature(data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Literature]:
    """Serve Entrez and arXiv on this machine, watching over their rules."""
    with serve(Literature()) as served:
        monkeypatch.setenv("ROUNDS_ENTREZ_URL", served.url)
        monkeypatch.setenv("ROUNDS_ENTREZ_EMAIL", "a@example.org")
        monkeypatch.setenv("ROUNDS_ARXIV_URL", f"{served.url}/api/query")
        get_settings.cache_clear()
        yield served


def test_a_search_of_pubmed_goes_on_where_it_stood_and_finds_what_was_retracted_since(
    literature: Literature, command: Command
) -> None:
    today = datetime.now(UTC).date()
    literature.entrez.citations = stored(12, today)
    first = command("ingest", "pubmed", "all[sb]", "--json").json
    assert (first["held"], adds_up(first)) == (12, True)
    assert first["new"] > 5
    asked = literature.counts()["esearch"]
    assert command("ingest", "pubmed", "all[sb]", "--json").json["new"] == 0
    assert literature.counts()["efetch"] == 1
    assert literature.counts()["esearch"] <= asked + 2
    with connect() as connection:
        (taken,) = connection.execute("select max(source_id) from rows").fetchone() or ("",)
    literature.entrez.citations = [retract(c, today) if c.pmid == taken else c for c in literature.entrez.citations]
    assert command("ingest", "pubmed", "all[sb]", "--json").json["retracted"] == 1
    (listed,) = command("retractions", "--json").json
    assert (listed["source"], listed["source_id"], listed["reason"]) == ("pubmed", taken, "retracted")


def test_another_search_has_a_watermark_of_its_own(literature: Literature, command: Command) -> None:
    literature.entrez.citations = stored(4, datetime.now(UTC).date() - timedelta(days=30))
    assert command("ingest", "pubmed", "all[sb]", "--json").json["held"] == 4
    other = command("ingest", "pubmed", "(all[sb])", "--json").json
    assert (other["held"], other["new"]) == (4, 0)


def test_a_search_without_an_address_for_ncbi_is_explained(
    literature: Literature, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROUNDS_ENTREZ_EMAIL")
    get_settings.cache_clear()
    assert_explained(command("ingest", "pubmed", "all[sb]"), 3, "ROUNDS_ENTREZ_EMAIL")


def test_retractions_of_a_csv_are_known_before_anything_is_taken(
    data: Path, hospital: Hospital, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = command("ingest", "pubmed-files", str(hospital.papers), "-a", "Clinical", "--json").json
    with connect() as connection:
        (pmid,) = connection.execute("select min(source_id) from rows").fetchone() or ("",)
    (tmp_path / "watch.csv").write_text(
        "Record ID,OriginalPaperDOI,OriginalPaperPubMedID,RetractionDOI,RetractionNature\n"
        f"1,unavailable,{pmid},10.5555/n,Retraction\n"
    )
    monkeypatch.setenv("ROUNDS_RETRACTIONS", str(tmp_path / "watch.csv"))
    get_settings.cache_clear()
    second = command("ingest", "pubmed-files", str(hospital.papers), "--json").json
    assert second["new"] == first["new"] - 1
    (listed,) = command("retractions", "--json").json
    assert (listed["source_id"], listed["notice"]) == (pmid, "10.5555/n")


def test_truncated_xml_keeps_what_came_before_and_names_file_and_line(
    data: Path, hospital: Hospital, command: Command, tmp_path: Path
) -> None:
    whole = hospital.papers.read_bytes()
    (tmp_path / "cut.xml").write_bytes(whole[: len(whole) * 2 // 3])
    papers, chats = command("collect", "--literature", str(tmp_path / "cut.xml"), "--json").json
    assert 8 <= papers["new"] <= 14
    assert chats["new"] == 0
    (warning,) = papers["warnings"]
    assert "cut.xml" in warning
    assert "line " in warning

    (tmp_path / "cut-again.xml").write_bytes(whole[: len(whole) // 2])
    shown = " ".join(command("collect", "--literature", str(tmp_path / "cut-again.xml")).out.split())
    assert "cut-again.xml" in shown


def test_a_file_that_is_no_pubmed_xml_ends_with_5(data: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "page.xml").write_text("<html><body>Not found</body></html>")
    assert_explained(command("collect", "--literature", str(tmp_path / "page.xml")), 5, "page.xml")
    with connect() as connection:
        assert connection.execute("select count(*) from ingested_files").fetchone() == (0,)


def chats_in_database() -> int:
    with connect() as connection:
        found = connection.execute("select count(*) from interactions").fetchone()
    assert found is not None
    return int(found[0])


def test_chats_loaded_twice_are_there_once(data: Path, hospital: Hospital, command: Command) -> None:
    assert command("load-chats", str(hospital.chats), "--json").json == {"loaded": 320, "already there": 0}
    assert command("load-chats", str(hospital.chats), "--json").json == {"loaded": 0, "already there": 320}
    assert chats_in_database() == 320
    assert command("status", "--json").json["waiting_chats"]["MedicalQA"] > 100


GOOD = {"conversation_id": "c-1", "messages": [{"role": "user", "content": "Q?"}], "rating": 4}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"conversation_id": "c-2", "mess', ("line 2", "JSON object")),
        (b'["c-2"]', ("line 2",)),
        (orjson.dumps({"messages": []}), ("line 2", "conversation_id")),
        (orjson.dumps(GOOD | {"rating": 7}), ("rating is 1 to 5",)),
        (orjson.dumps(GOOD | {"rating": "good"}), ("rating is 1 to 5",)),
        (orjson.dumps(GOOD | {"created_at": "last week"}), ("created_at",)),
        (orjson.dumps(GOOD | {"messages": [{"role": "user", "content": "a\0b"}]}), ()),
        (orjson.dumps(GOOD | {"conversation_id": "a\0b"}), ()),
        (orjson.dumps(GOOD | {"correction": {"text": NAME}}), ()),
    ],
)
def test_a_bad_line_is_refused_and_nothing_is_loaded(
    line: bytes, words: tuple[str, ...], data: Path, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "chats.jsonl"
    file.write_bytes(orjson.dumps(GOOD) + b"\n" + line + b"\n" + orjson.dumps(GOOD) + b"\n")
    ended = command("load-chats", str(file))
    assert_explained(ended, 5, "chats.jsonl", *words)
    assert NAME not in ended.err
    assert chats_in_database() == 0

    file.write_bytes(orjson.dumps(GOOD) + b"\n")
    assert command("load-chats", str(file), "--json").json["loaded"] == 1


def test_chats_from_a_file_that_is_not_there_end_with_5(data: Path, command: Command) -> None:
    assert_explained(command("load-chats", "/no/such/chats.jsonl"), 5, "/no/such/chats.jsonl")


# ── a registered model ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def registered(undisturbed: Played) -> Iterator[str]:
    with working_in(undisturbed.data):
        yield undisturbed.ended.candidate_id


def test_a_registered_model_answers(registered: str, command: Command) -> None:
    begin = registered[:-4]
    told = command("chat", "May I take ibuprofen?", "--model", begin, "--answer-tokens", "12", "--json").json
    assert told["model"] == registered
    assert told["answer"]
    assert command("chat", "May I take ibuprofen?", "-m", registered, "--answer-tokens", "12").out.strip()


def test_a_model_shows_its_story_and_none_of_its_text(registered: str, command: Command) -> None:
    listed = command("models", "list", "--agent-type", "MedicalQA", "--json").json
    assert registered in [model["id"] for model in listed]
    shown = command("models", "show", registered)
    story = command("models", "show", registered, "--json")
    assert story.json["version"]["id"] == registered
    assert story.json["rows"] == sum(story.json["sources"].values())
    assert story.json["run"]["dataset_id"] in shown.out
    for text in (NAME, PHRASE):
        assert text not in shown.out + story.out
    assert command("models", "list", "--agent-type", "Billing", "--json").json == []


def test_a_dataset_is_exported_in_other_forms_and_read_back(registered: str, command: Command, tmp_path: Path) -> None:
    dataset = command("models", "show", registered, "--json").json["dataset"]
    file = str(tmp_path / "train.jsonl")
    told = command("export", "dataset", dataset["id"][:8], file, "--form", "sharegpt", "--json")
    # The made-up secrets stay here: they are no data, and one that has left could not show any more what a model keeps.
    assert told.json["written"] == dataset["examples"]["train"] - dataset["sources"]["memory-canaries"]
    assert dataset["sources"]["memory-canaries"] > 0
    back = command("ingest", "examples", file, "-a", "Clinical", "--dry-run", "--json").json
    assert back["new"] == told.json["written"]
    assert_explained(command("export", "dataset", "ds-none", str(tmp_path / "x")), 10, "no dataset")
    assert_explained(command("export", "dataset", dataset["id"], str(tmp_path / "x"), "--split", "all"), 10, "no split")
    assert_explained(command("export", "dataset", dataset["id"], str(tmp_path / "no" / "x")), 4, "cannot be written")
    assert not (tmp_path / "x").exists()


def test_papers_of_the_training_split_are_exported_as_text_and_read_back(
    data: Path, hospital: Hospital, command: Command, tmp_path: Path
) -> None:
    taken = command("ingest", "pubmed-files", str(hospital.papers), "--json").json["new"]
    file = str(tmp_path / "papers.jsonl")
    written = command("export", "texts", file, "--json").json["written"]
    assert 0 < written < taken  # a fifth is held out
    assert command("ingest", "examples", file, "-a", "Clinical", "--json").json["new"] == written
    with connect() as connection:
        connection.execute(
            "insert into withdrawals select 'pubmed', source_id, 'retracted' from rows where source = 'pubmed'"
        )
    assert command("export", "texts", file, "--json").json["written"] == 0


def test_exported_chats_load_again(data: Path, hospital: Hospital, command: Command, tmp_path: Path) -> None:
    command("load-chats", str(hospital.chats))
    told = command("export", "chats", str(tmp_path / "chats.jsonl"), "--json").json
    assert told["written"] > 100
    assert (tmp_path / "chats.jsonl").stat().st_mode & 0o077 == 0
    assert command("load-chats", str(tmp_path / "chats.jsonl"), "--json").json["loaded"] == told["written"]


def test_a_benchmark_scores_every_suite_that_comes_with_rounds(registered: str, command: Command) -> None:
    results = command("benchmark", registered, "--answer-tokens", "8", "--json").json
    assert {one["suite"]: one["metrics"]["rougeL"]["n"] for one in results} == {"autoimmune": 10, "safety": 20}
