"""`rounds compare`: files, a server and a folder side by side; guides' JSON; a run that broke off; wrong names."""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from flows import cli
from infra.artifacts import open_store
from infra.database import connect
from tasks.records import GgufFile, ModelVersion
from tasks.registry import versions
from tests.flows.workplace import Ended, working_in
from tests.tasks.scoring.chat_server import MODEL, ChatServer, chat_server, said
from tests.tasks.scoring.tiny_gguf import write_tiny_gguf

LEADING = ["id", "category", "difficulty", "question", "response", "time_seconds", "timestamp"]


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as serving:
        yield serving


@pytest.fixture
def model(tmp_path: Path) -> Path:
    write_tiny_gguf(tmp_path / "tiny.gguf", context=512)
    return tmp_path / "tiny.gguf"


def rounds(patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str], *arguments: str) -> Ended:
    patch.setattr(sys, "argv", ["rounds", *arguments])
    patch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out, err = captured.readouterr()
    return Ended(ended.value.code if isinstance(ended.value.code, int) else 0, out, " ".join(err.split()))


def test_a_file_and_a_server_are_compared_in_the_guides_form(
    model: Path,
    server: ChatServer,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hosted = f"openai:{server.host}/v1#{MODEL}"
    named = ("--models", str(model), hosted, "--suite", "autoimmune", "--answer-tokens", "8")
    ended = rounds(monkeypatch, capsys, "compare", *named, "--json")
    assert ended.code == 0, ended.err
    summary = orjson.loads(ended.out)
    assert [one["model"] for one in summary["models"]] == [str(model), hosted]
    for one in summary["models"]:
        rows = orjson.loads(Path(one["file"]).read_bytes())
        assert list(rows[0])[:7] == LEADING
        assert one["items"] == len(rows) == 10
        assert one["total_seconds"] == pytest.approx(sum(row["time_seconds"] for row in rows), abs=2e-3)
        assert one["average_seconds"] == pytest.approx(one["total_seconds"] / 10, abs=2e-3)
        assert one["decoding"]["max_tokens"] == 8
        assert one["metrics"]["rougeL"]["low"] <= one["metrics"]["rougeL"]["value"] <= one["metrics"]["rougeL"]["high"]
    folder = data_dir / "comparisons" / "autoimmune"
    hosted_rows = orjson.loads(Path(summary["models"][1]["file"]).read_bytes())
    assert {row["response"] for row in hosted_rows} == {said(row["question"]) for row in hosted_rows}
    assert orjson.loads((folder / "summary.json").read_bytes()) == summary


def test_the_tables_fit_into_80_columns(
    model: Path,
    server: ChatServer,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hosted = f"openai:{server.host}/v1#{MODEL}"
    ended = rounds(monkeypatch, capsys, "compare", str(model), hosted, "--at-once", "2", "--out", str(tmp_path / "out"))
    assert ended.code == 0, ended.err
    tables, _, where = ended.out.partition("Answers:")
    assert max(map(len, tables.splitlines())) <= 80
    assert "average s" in tables
    assert "rougeL" in tables
    assert where.strip() == str(tmp_path / "out")
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".json"] * 3


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("openai:http://127.0.0.1:9/v1", "names no model"),
        ("no/such/file.gguf", "is no model that can be asked"),
        ("ollama:", "names no model"),
    ],
)
def test_a_wrong_name_is_an_error_before_anything_is_asked(
    server: ChatServer,
    data_dir: Path,
    name: str,
    seen: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended = rounds(monkeypatch, capsys, "compare", f"openai:{server.host}/v1#{MODEL}", name)
    assert ended.code == 9
    assert seen in ended.err
    assert server.bodies == []


def register_champion(model: Path) -> None:
    file = GgufFile(quantisation="F32", artifact=open_store().save_file("gguf", model), chat_template_sha256="t")
    version = ModelVersion(
        id="medicalqa-3f9a",
        agent_type="MedicalQA",
        base="b",
        base_revision="r",
        run_id=None,
        dataset_id=None,
        files=(file,),
        served="F32",
    )
    with connect() as connection:
        versions.register(connection, version)
        versions.promote(connection, version.id, replaces=None, reason="the first", actor="ada")


def test_a_registered_model_is_found_by_id_by_agent_and_as_the_file_that_it_is(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with working_in(tmp_path / "data"):
        register_champion(model)
        named = ("medicalqa-3f", "champion:MedicalQA", str(model))
        options = ("--answer-tokens", "8", "--out", str(tmp_path / "out"), "--json")
        ended = rounds(monkeypatch, capsys, "compare", "--models", *named, *options)
    assert ended.code == 0, ended.err
    files = [Path(one["file"]) for one in orjson.loads(ended.out)["models"]]
    assert [file.name for file in files] == ["medicalqa-3f.json", "champion-MedicalQA.json", "tiny.gguf.json"]
    said_by = [[row["response"] for row in orjson.loads(file.read_bytes())] for file in files]
    assert said_by[0] == said_by[1] == said_by[2]


def test_the_harness_says_which_extra_it_needs(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if importlib.util.find_spec("lm_eval") is not None:
        pytest.skip("the extra is installed")
    ended = rounds(monkeypatch, capsys, "harness", "http://127.0.0.1:9/v1#m", "-t", "ifeval")
    assert ended.code == 9
    assert "pip install 'rounds[lm-eval]'" in ended.err
