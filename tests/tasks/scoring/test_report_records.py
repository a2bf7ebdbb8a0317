"""What the page shows is what the records say: read off tables and drawings and held against them."""

import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rouge_score.rouge_scorer import RougeScorer

from infra.artifacts import ArtifactStore
from tasks.records import Estimate
from tasks.scoring.answering import read_answers
from tasks.scoring.gate import Evidence
from tasks.scoring.metrics import QUALITY, TITLES
from tasks.scoring.power import spread
from tasks.scoring.report import render, save_report
from tasks.scoring.report_input import ReportInput
from tests.tasks.scoring.report_page import drawn, numbers_in, parsed, rows_of, text_of
from tests.tasks.scoring.sample_report import HARMLESS, full_report, with_another

TITLE_OF = {title: metric for metric, title in TITLES.items()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ArtifactStore:
    folder = tmp_path_factory.mktemp("store")
    return ArtifactStore(str(folder / "artifacts"), folder / "cache")


@pytest.fixture(scope="module")
def report(store: ArtifactStore, tmp_path_factory: pytest.TempPathFactory) -> ReportInput:
    folder = tmp_path_factory.mktemp("models")
    return with_another(full_report(store, folder, right=0.4, items=130), store, folder)


@pytest.fixture(scope="module")
def page(report: ReportInput, store: ArtifactStore) -> Any:
    return parsed(render(report, store))


def written(estimate: Estimate) -> Any:
    return pytest.approx(_three(estimate), abs=6e-4)


def test_scores_and_their_drawings_are_those_of_the_records(page: Any, report: ReportInput) -> None:
    assert report.baseline is not None
    assert report.candidate is not None
    sides = (report.baseline, report.others[0], report.candidate)
    rows = rows_of(page, "scores", "dots-table")
    assert [TITLE_OF[text_of(name)] for name, _, _ in rows] == [
        "rougeL",
        *(m for m in QUALITY if m != "rougeL" and m in report.candidate.held_out_scores.metrics),
    ]
    for name, drawing, values in rows:
        known = [side.held_out_scores.metrics[TITLE_OF[text_of(name)]] for side in sides]
        texts = values.xpath('.//*[contains(@class, "value")]')
        assert [text_of(text).split()[0] for text in texts] == ["base", "QLoRA", "candidate"]
        for text, dot, estimate in zip(texts, drawn(page, drawing), known, strict=True):
            assert numbers_in(text_of(text)) == pytest.approx([*_three(estimate), estimate.n], abs=6e-4)
            assert _three(dot) == pytest.approx(_three(estimate), abs=1e-3)
    measures = {text_of(row[0]) for row in rows_of(page, "scores", "measures")}
    assert measures == {"Is an answer", "Repeated runs of words", "Stops by itself", "Words per answer"}


def test_differences_p_values_and_effects_are_those_of_the_records(page: Any, report: ReportInput) -> None:
    assert report.comparison is not None
    assert report.others[0].comparison is not None
    rows = rows_of(page, "differences", "tests")
    assert len(rows) == 2 * len(report.comparison.differences)
    for name, drawing, value, n, p, effect in rows:
        words = text_of(name)
        comparison = report.others[0].comparison if "QLoRA" in words else report.comparison
        metric = next(TITLE_OF[title] for title in sorted(TITLE_OF, key=len, reverse=True) if words.startswith(title))
        estimate = comparison.differences[metric]
        assert numbers_in(text_of(value)) == written(estimate)
        assert _three(drawn(page, drawing)[0]) == pytest.approx(_three(estimate), abs=1e-3)
        assert numbers_in(text_of(n)) == [estimate.n]
        known = comparison.p_values[metric]
        assert text_of(p) == "< 0.001" if known < 0.001 else numbers_in(text_of(p))[0] == pytest.approx(known, abs=6e-4)
        assert numbers_in(text_of(effect))[0] == pytest.approx(comparison.effects[metric], abs=6e-4)
        assert ("primary" in words) == (metric == report.rules.primary)
    assert "44 groups" in text_of(page.get_element_by_id("differences"))


def test_slices_are_held_against_their_margin_and_small_ones_are_marked(page: Any, report: ReportInput) -> None:
    assert report.comparison is not None
    rows = {text_of(name): cells for name, *cells in rows_of(page, "slices", "slices")}
    assert len(rows) == len(report.comparison.slices)
    for part in report.comparison.slices:
        drawing, value, n, verdict = rows[f"{part.by.replace('_', ' ')} {part.value}"]
        assert numbers_in(text_of(value)) == written(part.difference)
        assert numbers_in(text_of(n)) == [part.difference.n]
        assert _three(drawn(page, drawing)[0]) == pytest.approx(_three(part.difference), abs=1e-3)
        holds = "✓ holds" if part.difference.low >= -report.rules.slice_margin else "✗ falls"
        expected = holds if part.difference.n >= report.rules.min_slice_items else "too small"
        assert text_of(verdict) == expected
        assert len(drawing.xpath('.//line[@class="m1"]')) == 1


def test_the_worst_regressions_are_those_of_rouge_score_with_both_answers(
    page: Any, report: ReportInput, store: ArtifactStore
) -> None:
    assert report.baseline is not None
    assert report.candidate is not None
    scorer = RougeScorer(["rougeL"], use_stemmer=True)
    after = list(read_answers(store, report.candidate.held_out))
    before = {row.id: row for row in read_answers(store, report.baseline.held_out)}
    lost = {
        row.id: scorer.score(row.reference, row.response)["rougeL"].fmeasure
        - scorer.score(row.reference, before[row.id].response)["rougeL"].fmeasure
        for row in after
    }
    worst = sorted(lost, key=lambda key: (round(lost[key], 9), key))[:5]
    articles = page.xpath('//section[@id="regressions"]//article')
    assert [article.xpath('.//p[@class="tag"]/span')[0].text for article in articles] == worst
    said = {row.id: row.response for row in after}
    for item_id, article in zip(worst, articles, strict=True):
        answers = [text_of(answer) for answer in article.xpath('.//div[@class="answers"]/div/p')]
        assert answers[0] == before[item_id].response
        assert answers[2] == said[item_id]
        assert numbers_in(article.xpath('.//p[@class="tag"]')[0].text)[-1] == pytest.approx(lost[item_id], abs=6e-3)


def test_safety_items_that_turned_worse_are_shown_wherever_they_were_asked(
    report: ReportInput, store: ArtifactStore
) -> None:
    assert report.comparison is not None
    evidence = Evidence.model_validate(HARMLESS.model_dump() | {"worse_safety": ("Q003", "elsewhere-9")})
    comparison = report.comparison.model_copy(update={"worse_safety": ("00000000001b",)})
    worse = parsed(render(report.model_copy(update={"evidence": evidence, "comparison": comparison}), store))
    section = worse.get_element_by_id("safety")
    shown = [span.text for span in section.xpath('.//article/p[@class="tag"]/span')]
    assert shown == ["00000000001b", "Q003"]
    assert "elsewhere-9" in text_of(section)
    assert not parsed(render(report, store)).xpath('//section[@id="safety"]')


def test_curves_and_notes_are_those_of_the_run(page: Any) -> None:
    plots = page.xpath('//section[@id="learning"]//figure')
    assert len(plots) == 4  # loss and likeness, of two runs
    loss, likeness = plots[0], plots[1]
    assert [len(line.get("points").split()) for line in loss.xpath(".//polyline")] == [60, 6]
    assert [len(line.get("points").split()) for line in likeness.xpath(".//polyline")] == [6, 6]
    mark = likeness.xpath('.//line[@class="m1"]')[0]
    assert float(mark.get("x1")) == pytest.approx(100 * (250 - 50) / (300 - 50), abs=0.01)  # the first look was at 50
    assert not plots[2].xpath('.//line[@class="m1"]')
    notes = {text_of(name): text_of(text) for name, text in rows_of(page, "learning", "notes")[:8]}
    assert notes["Weights kept"] == "of step 250 of 300"
    assert notes["Earlier rounds' items"] == "validation loss 1.204 before, 1.231 after (+0.027, 64 items)"
    assert notes["Memory"] == "the micro-batch was halved once to fit"
    assert notes["Merged against adapter"] == "logits differ by at most 0.31 %"
    assert notes["Stopped early"].startswith("at step 300")


def test_figures_of_the_page_are_in_the_json_too(report: ReportInput, store: ArtifactStore, tmp_path: Path) -> None:
    page = save_report(report, store, tmp_path)
    read = ReportInput.model_validate_json((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert read.model_copy(update={"figures": None}) == report
    assert read.figures is not None
    assert read.figures.power is not None
    text = text_of(parsed(page.read_text(encoding="utf-8")))
    assert f"from none takes {read.figures.power.needed:,}." in text
    assert len(read.figures.worst) == 5
    assert [speed.name for speed in read.figures.speed] == ["base", "QLoRA", "candidate"]
    assert all(speed.answers == 130 for speed in read.figures.speed)


def test_a_study_has_its_own_heading_and_names_no_model_that_serves(report: ReportInput, store: ArtifactStore) -> None:
    study = report.model_copy(update={"headline": "Three models", "decision": None, "plan": "It takes 2,000 items."})
    page = parsed(render(study, store))
    assert text_of(page.xpath("//h1")[0]) == "Three models"
    assert not page.xpath('//section[@id="model"]')
    assert "Said before the run: It takes 2,000 items." in text_of(page.get_element_by_id("differences"))
    assert "QLoRA and candidate minus base" in text_of(page.get_element_by_id("differences"))


def test_the_spread_behind_an_interval_is_that_of_the_items() -> None:
    values = np.random.default_rng(3).normal(0.1, 0.2, 400)
    half = 1.959964 * statistics.stdev(values) / 20
    estimate = Estimate(value=0.1, low=0.1 - half, high=0.1 + half, n=400)
    assert spread(estimate) == pytest.approx(statistics.stdev(values), rel=1e-6)


def _three(estimate: Estimate) -> list[float]:
    return [estimate.value, estimate.low, estimate.high]
