"""The study in eight steps on a small hospital: its files, and that a repeated one goes on where it was stopped."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from flows import cli
from flows.console import err
from flows.study_files import FILES
from infra.database import connect
from infra.settings import get_settings
from tasks.registry import outcomes, versions
from tests.flows.workplace import Ended, Hospital, end_group, finish, kill_when, start, stop_database, working_in
from tests.tasks.ingest.entrez_replies import EntrezData, stored
from tests.tasks.ingest.literature_server import Literature, serve

pytestmark = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing:FutureWarning")
AGENT = "Autoimmune"
GUIDE_KEYS = [
    "id", "category", "difficulty", "question", "response", "time_seconds", "timestamp", "tokens", "finish_reason",
]  # fmt: skip
QLORA = """method: qlora
base: builtin:tiny
learning_rate: 1.0e-4
epochs: 1
batch_size: 4
max_steps: 2
max_tokens: 512
lora_r: 4
lora_alpha: 8
"""


def suite_of(references: dict[str, str]) -> dict[str, object]:
    common = {"category": "made-up", "difficulty": "easy", "reference_source": "this test"}
    items = [
        common | {"id": name, "question": f"May one eat blue bread number {name}?", "reference": reference}
        for name, reference in references.items()
    ]
    return {"name": "three", "version": "1", "description": "Three made-up questions.", "items": items}


def first_abstract(papers: Path) -> str:
    """Return the words of the first paper, which the study is going to be asked about."""
    text = ElementTree.parse(papers).find(".//Abstract")
    assert text is not None
    return " ".join(" ".join(text.itertext()).split())


class Studied:
    """A place to study in: a data folder, a suite, recipes and a folder for the files."""

    def __init__(self, data: Path, hospital: Hospital) -> None:
        self.data, self.hospital, self.out = data, hospital, data.parent / "study"
        self.suite = data.parent / "three.yaml"
        self.references = {f"Q{n}": f"One may eat blue bread number {n}." for n in (1, 2)}
        self.references["Q3"] = first_abstract(hospital.papers)
        self.suite.write_text(yaml.safe_dump(suite_of(self.references)))
        self.qlora = data.parent / "qlora-two.yaml"
        self.qlora.write_text(QLORA)

    def words(self, **changes: str) -> list[str]:
        named = {
            "literature": str(self.hospital.papers), "base": str(self.hospital.base), "suite": str(self.suite),
            "qlora-recipe": str(self.qlora), "full-recipe": str(self.hospital.recipe), "min-examples": "5",
            "answer-tokens": "12", "out": str(self.out),
        } | changes  # fmt: skip
        return ["study", *(word for name, value in named.items() if value for word in (f"--{name}", value))]

    def file(self, name: str) -> Any:
        return json.loads((self.out / name).read_text())


Command = Callable[..., Ended]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return lambda *words: run(monkeypatch, capsys.readouterr, *words)


def run(patch: pytest.MonkeyPatch, read: Callable[[], Any], *words: str) -> Ended:
    """Run the command in this process on an 80-column terminal; a line of `err` is a line of the terminal."""
    read()
    patch.setattr(sys, "argv", ["rounds", *words])
    patch.setattr(err, "width", 80)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    code = ended.value.code
    printed, told = read()
    return Ended(code if isinstance(code, int) else 0, printed, told)


@pytest.fixture(scope="module")
def place(prefect: str, hospital: Hospital, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studied]:
    with working_in(tmp_path_factory.mktemp("studied") / "data") as data:
        yield Studied(data, hospital)


def lines(ended: Ended) -> dict[str, str]:
    """Return the line of each step, by its number."""
    return {line[2]: line for line in ended.err.splitlines() if line[:1] in "✓✗" and line[3:5] == "/8"}


def test_a_study_stopped_at_a_step_goes_on_with_it(place: Studied, command: Command) -> None:
    stopped = command(*place.words(**{"min-examples": "100000"}))
    assert stopped.code == 7
    assert list(lines(stopped)) == ["1", "2", "3", "4"]
    assert lines(stopped)["4"].startswith("✗ 4/8 QLoRA")
    assert "The same command goes on with step 4, QLoRA." in stopped.err
    assert stopped.err.count("Fix:") == 1
    assert {file.name for file in place.out.iterdir()} == {"base.json", "baseline_responses.json", "papers.json"}

    ended = command(*place.words())
    assert ended.code == 0, ended.err
    told = lines(ended)
    assert list(told) == list("12345678")
    assert [number for number, line in told.items() if line.endswith(("from the cache", "nothing new"))] == [
        "1", "2", "3",
    ]  # fmt: skip
    assert max(map(len, ended.err.splitlines())) <= 80
    assert "3 questions are a reading, never a gate" in " ".join(ended.out.split())
    assert "Promoted" not in ended.out
    assert "QLoRA − base" in ended.out


def test_its_files_are_in_the_guides_form(place: Studied) -> None:
    assert {file.name for file in place.out.iterdir()} == set(FILES)
    for name in ("baseline", "qlora", "full"):
        rows = place.file(f"{name}_responses.json")
        assert [row["id"] for row in rows] == ["Q1", "Q2", "Q3"]
        assert all(list(row) == GUIDE_KEYS for row in rows)
        assert all(row["question"].startswith("May one eat blue bread") and row["time_seconds"] > 0 for row in rows)
    papers = place.file("papers.json")
    assert papers["papers"] == papers["sources"]["pubmed"] == len(papers["ids"]["pubmed"])
    assert all(found.isdigit() for found in papers["ids"]["pubmed"])
    for name, method in (("qlora", "qlora"), ("full", "full")):
        made = place.file(f"{name}_model.json")
        assert made["recipe"]["method"] == method
        assert set(made["files"]) == {"F16", "Q4_K_M", "Q6_K", "Q8_0"}
        assert made["parity"]["equal"] == made["parity"]["probes"]
    page = (place.out / "report.html").read_text(encoding="utf-8")
    assert "never a gate" in page
    assert place.file("qlora_model.json")["model"] in page or place.file("full_model.json")["model"] in page


def test_its_scores_are_those_of_the_answers(place: Studied) -> None:
    """ROUGE-L once more with Google's own scorer, from the files alone."""
    from rouge_score.rouge_scorer import RougeScorer

    scorer, found = RougeScorer(["rougeL"], use_stemmer=True), place.file("scores.json")
    means = {}
    for name, file in (("base", "baseline"), ("qlora", "qlora"), ("full", "full")):
        rows = place.file(f"{file}_responses.json")
        said = [(place.references[row["id"]], row["response"]) for row in rows]
        means[name] = sum(scorer.score(*pair)["rougeL"].fmeasure for pair in said) / 3
        estimate = found["models"][name]["metrics"]["rougeL"]
        assert estimate["value"] == pytest.approx(means[name], abs=1e-9)
        assert estimate["n"] == 3
        total = sum(row["time_seconds"] for row in rows)
        assert found["models"][name]["total_seconds"] == pytest.approx(total)
        assert found["models"][name]["average_seconds"] == pytest.approx(total / 3)
    for new, old in (("qlora", "base"), ("full", "base"), ("full", "qlora")):
        difference = found["comparisons"][f"{new}_minus_{old}"]["differences"]["rougeL"]
        assert difference["value"] == pytest.approx(means[new] - means[old], abs=1e-9)
        assert difference["low"] <= difference["value"] <= difference["high"]


def test_nothing_is_learned_that_stands_in_its_questions(place: Studied) -> None:
    with connect() as connection:
        made = outcomes.show(connection, place.file("qlora_model.json")["model"]).dataset
    assert made is not None
    assert made.overlaps["three"] > 0


def test_nothing_is_promoted(place: Studied) -> None:
    with connect() as connection:
        assert versions.champion(connection, AGENT) is None
        assert {model.stage for model in versions.models(connection, AGENT)} == {"candidate"}
        assert len(versions.models(connection, AGENT)) == 3


def test_a_repeated_study_does_nothing_anew(place: Studied, command: Command) -> None:
    before = {name: (place.out / name).read_bytes() for name in FILES if name != "report.html"}
    ended = command(*place.words(), "--json")
    assert ended.code == 0, ended.err
    assert all(line.endswith(("from the cache", "nothing new")) for line in lines(ended).values()), ended.err
    assert {name: (place.out / name).read_bytes() for name in before} == before
    study = json.loads(ended.out)
    assert study["items"] == 3
    assert set(study["models"]) == {"base", "qlora", "full"}


def test_a_search_is_made_once_a_study(
    place: Studied, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A limited search would find further papers each time, and train on another data set each time."""
    found = stored(30, datetime.now(UTC).date() - timedelta(days=2), per_day=3)
    with serve(Literature(entrez=EntrezData(found))) as served:
        monkeypatch.setenv("ROUNDS_ENTREZ_URL", served.url)
        monkeypatch.setenv("ROUNDS_ENTREZ_EMAIL", "a@example.org")
        get_settings.cache_clear()
        words = {"literature": "", "agent-type": "Searched", "out": str(tmp_path / "found"), "min-examples": "100000"}
        words |= {"pubmed": "all[sb]", "limit": "12"}
        asked = []
        for _ in range(2):
            ended = command(*place.words(**words))
            assert lines(ended)["4"].startswith("✗ 4/8"), ended.err  # there are too few examples to train on
            asked.append(len(served.requests))
    get_settings.cache_clear()
    assert asked[0] > 0
    assert asked[1] == asked[0]
    assert json.loads((tmp_path / "found" / "papers.json").read_text())["papers"] == 12


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"suite": "autoimune"}, 9, ("There is no suite 'autoimune'", "autoimmune")),
        ({"qlora-recipe": "qlora-tinny"}, 8, ("qlora-tinny cannot be read", "qlora-tiny")),
        ({"full-recipe": ""}, 3, ("No full recipe of flows/recipes is for", "--full-recipe FILE")),
        ({"base": "/no/such/model"}, 8, ("does not exist",)),
        ({"literature": "/no/such.xml"}, 5, ("does not exist",)),
        ({"literature": "", "agent-type": "Nobody"}, 7, ("no papers to learn from", "--pubmed", "--literature")),
    ],
)
def test_bad_input_is_told_of_before_anything_is_done(
    place: Studied, command: Command, changes: dict[str, str], code: int, words: tuple[str, ...]
) -> None:
    ended = command(*place.words(**changes))
    assert ended.code == code, ended.err
    told = " ".join(ended.err.split())
    assert all(word in told for word in words), told
    assert ended.err.count("Fix:") == 1
    assert not lines(ended)
    assert "Traceback" not in ended.err


def test_a_folder_without_papers_is_no_study(place: Studied, command: Command, tmp_path: Path) -> None:
    ended = command(*place.words(literature=str(tmp_path)))
    assert ended.code == 7
    assert "no papers to learn from" in " ".join(ended.err.split())


def test_a_base_without_a_chat_template_ends_at_the_first_step(
    place: Studied, command: Command, tmp_path: Path
) -> None:
    plain = shutil.copytree(place.hospital.base, tmp_path / "plain")
    (plain / "chat_template.jinja").unlink()
    ended = command(*place.words(base=str(plain)))
    assert ended.code == 8, ended.err
    assert lines(ended)["1"].startswith("✗ 1/8 base")
    assert "has no chat template" in " ".join(ended.err.split())


@pytest.mark.slow
def test_a_study_killed_while_it_trains_goes_on(
    prefect: str, hospital: Hospital, tmp_path: Path, outside: dict[str, str]
) -> None:
    study = Studied(tmp_path / "data", hospital)

    def started() -> subprocess.Popen[str]:
        return start(study.data, *study.words(), **outside)

    process = started()
    try:
        assert kill_when(process, lambda: any(study.data.glob("work/training/run-*")))
    finally:
        end_group(process)
    try:
        ended = finish(started())
    finally:
        stop_database(study.data)
    assert ended.code == 0, ended.err
    assert all(lines(ended)[number].endswith(("from the cache", "nothing new")) for number in "123")
    assert {file.name for file in study.out.iterdir()} == set(FILES)
