import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from infra.artifacts import ArtifactStore
from tasks.errors import StorageError
from tasks.scoring.charts import nice_ticks
from tasks.scoring.report import render, save_report
from tasks.scoring.report_input import ReportInput
from tests.tasks.scoring.sample_report import contender, full_report, held_out_rows, row, save_answers

VOID = {"meta", "br", "link", "img", "input", "hr"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ArtifactStore:
    folder = tmp_path_factory.mktemp("store")
    return ArtifactStore(str(folder / "artifacts"), folder / "cache")


@pytest.fixture(scope="module")
def report(store: ArtifactStore, tmp_path_factory: pytest.TempPathFactory) -> ReportInput:
    return full_report(store, tmp_path_factory.mktemp("models"), items=110)


class Reader(HTMLParser):
    """Checks that tags are closed in order, and collects what a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "srcset", "data", "action", "poster", "xlink:href"} or (name == "href" and tag != "a"):
                self.fetched.append(f"{tag} {name}={value}")
            if name.startswith("on"):
                self.fetched.append(f"{tag} {name}")
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def test_the_page_fetches_nothing_runs_nothing_and_is_well_formed(report: ReportInput, store: ArtifactStore) -> None:
    page = render(report, store)
    reader = read(page)
    assert reader.fetched == []
    assert not {"script", "link", "img", "iframe", "object"} & set(reader.tags)
    assert re.findall(r"https?://|//[a-z]+\.|url\(|@import|@font-face", page) == []
    assert "default-src 'none'" in page
    assert {link.removeprefix("#") for link in reader.links} <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))


def test_every_table_has_a_caption_and_every_drawing_a_label(report: ReportInput, store: ArtifactStore) -> None:
    page = render(report, store)
    assert page.count("<table") == page.count("<caption>")
    assert page.count("<svg") == len(re.findall(r'<svg [^>]*role="img"><title>[^<]+</title>', page))
    assert re.search(r"\bnan\b|\binf\b|None|Undefined", re.sub(r"<style>.*?</style>", "", page, flags=re.S)) is None


def test_the_page_says_what_happened(report: ReportInput, store: ArtifactStore) -> None:
    page = render(report, store)
    assert "<h1>Promoted</h1>" in page
    for shown in (
        "2,421",  # came in
        "1,404",  # trained on
        "medical record number",
        "72, every one redacted",
        "withheld by redaction",
        "week-02.xml, line 4,117",
        "Q010",
        "ds-3f9a1c2b7d",
        "ollama create medicalqa-v12",
        "cached",
        "at least 100",
    ):
        assert shown in page, shown
    assert report.candidate is not None
    assert all(file.artifact.sha256 in page for file in report.candidate.model.files)


@pytest.mark.parametrize(("low", "warned"), [(0.031, True), (-0.01, False)])
def test_the_page_says_what_was_forgotten_and_from_what_the_run_went_on(
    low: float, warned: bool, report: ReportInput, store: ArtifactStore
) -> None:
    assert report.training is not None
    without = report.training.model_copy(update={"forgetting": {}})
    assert "Earlier rounds" not in render(report.model_copy(update={"training": without}), store)
    forgot = {"before": 1.2, "after": 1.25, "items": 120.0, "low": low, "high": 0.07, "margin": 0.02}
    run = report.training.model_copy(update={"forgetting": forgot, "continued_from": "run-2026w01"})
    page = render(report.model_copy(update={"training": run}), store)
    assert "validation loss 1.200 before, 1.250 after (+0.050, 120 items)" in page
    assert "goes on from run-2026w01" in page
    assert ("it forgot" in page) == warned


def test_texts_are_escaped(store: ArtifactStore, tmp_path: Path, report: ReportInput) -> None:
    attack = "<script>alert(1)</script><img src=x onerror=y>"
    rows = [row("a" * 12, attack, "fine", question=attack + " & why?")]
    new, _ = contender(store, tmp_path, "x", rows, attack)
    page = render(report.model_copy(update={"baseline": new, "candidate": new, "run": attack}), store)
    assert read(page).fetched == []
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_kept_run_serves_the_base_as_before(store: ArtifactStore, tmp_path: Path) -> None:
    kept = full_report(store, tmp_path, right=0.3, items=40)
    page = render(kept, store)
    assert "<h1>Kept</h1>" in page
    assert "not met" in page
    assert "ollama create medicalqa-v11" in page


@pytest.mark.parametrize(
    "absent",
    [
        ("redacted",),
        ("redacted", "dataset", "training", "recipe", "baseline", "candidate", "comparison", "decision"),
        ("training", "recipe"),
        ("recipe", "steps", "flow_seconds"),
        ("baseline", "comparison", "decision"),
        ("candidate", "comparison", "decision"),
        ("comparison", "decision"),
    ],
)
def test_a_run_that_ended_early_leaves_sections_out(
    report: ReportInput, store: ArtifactStore, absent: tuple[str, ...]
) -> None:
    fields = {name: getattr(report, name) for name in ReportInput.model_fields if name not in absent}
    page = render(ReportInput(**fields), store)
    read(page)
    assert ("<h1>No decision</h1>" in page) == ("decision" in absent)


def test_a_run_with_nothing_at_all_still_has_a_page(report: ReportInput, store: ArtifactStore) -> None:
    empty = ReportInput(run="r", agent_type="Clinical", finished_at=report.finished_at, summary="No rows were new.")
    page = render(empty, store)
    read(page)
    assert "No rows were new." in page


def test_a_model_that_answered_nothing_is_shown_as_such(
    report: ReportInput, store: ArtifactStore, tmp_path: Path
) -> None:
    rows = [
        answer.model_copy(update={"response": "", "completion_tokens": 0, "finish_reason": "too_long"})
        for answer in held_out_rows(3, right=1, seed=1)
    ]
    mute, _ = contender(store, tmp_path, "mute", rows, "")
    page = render(report.model_copy(update={"baseline": mute, "candidate": mute, "comparison": None}), store)
    assert "does not fit the model" in page


def test_page_and_numbers_are_written_together_and_read_back(
    report: ReportInput, store: ArtifactStore, tmp_path: Path
) -> None:
    page = save_report(report, store, tmp_path / "reports" / "run")
    assert page.read_text(encoding="utf-8") == render(report, store)
    read = ReportInput.model_validate_json((page.parent / "report.json").read_text())
    assert read.model_copy(update={"figures": None}) == report
    assert {file.name for file in page.parent.iterdir()} == {"index.html", "report.json"}


def test_a_missing_artifact_or_folder_writes_nothing(report: ReportInput, store: ArtifactStore, tmp_path: Path) -> None:
    assert report.candidate is not None
    lost = save_answers(store, "held-out", "g", [row("b" * 12, "lost", "found")])
    store.delete(lost.artifact)
    broken = report.candidate.model_copy(update={"held_out": lost})
    with pytest.raises(StorageError):
        save_report(report.model_copy(update={"candidate": broken}), store, tmp_path / "new")
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="cannot be written"):
        save_report(report, store, tmp_path / "file")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-0.03, 0.12, [-0.05, 0, 0.05, 0.1, 0.15]),
        (5, 300, [0, 100, 200, 300]),
        (2.0, 2.0, [2.0, 2.5, 3.0, 3.5, 4.0]),
        (0.0, 0.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    ],
)
def test_ticks_are_round_and_cover_the_range(low: float, high: float, expected: list[float]) -> None:
    assert nice_ticks(low, high) == pytest.approx(expected)


def test_planted_secrets_are_no_data_without_saying_so(report: ReportInput, store: ArtifactStore) -> None:
    assert report.dataset
    sources = {**report.dataset.sources, "memory-canaries": 8}
    planted = report.model_copy(
        update={"dataset": report.dataset.model_copy(update={"sources": sources}), "plan": "It takes 742 items."}
    )
    page = render(planted, store)
    assert "8 are made-up secrets, planted to see what is memorised" in page
    assert "Said before the run: It takes 742 items." in page
    assert "made-up secrets" not in render(report, store)
