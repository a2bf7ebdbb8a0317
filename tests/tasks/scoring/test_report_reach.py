"""The page for everybody and every input: contrast, headings, labels, phones, odd values, very long names."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.artifacts import ArtifactStore
from tasks.records import Comparison, Estimate, EvalResult, SliceDifference
from tasks.scoring.charts import MOST_BUCKETS, thinned
from tasks.scoring.report import render
from tasks.scoring.report_input import ReportInput
from tasks.scoring.report_numbers import number, p_value
from tests.tasks.scoring.report_page import parsed, text_of
from tests.tasks.scoring.sample_report import contender, full_report, held_out_rows, with_another

CSS = Path(__file__).parents[3] / "tasks" / "scoring" / "report.css.jinja"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ArtifactStore:
    folder = tmp_path_factory.mktemp("store")
    return ArtifactStore(str(folder / "artifacts"), folder / "cache")


@pytest.fixture(scope="module")
def report(store: ArtifactStore, tmp_path_factory: pytest.TempPathFactory) -> ReportInput:
    folder = tmp_path_factory.mktemp("models")
    return with_another(full_report(store, folder, right=0.4, items=60), store, folder)


@pytest.fixture(scope="module")
def small(store: ArtifactStore, tmp_path_factory: pytest.TempPathFactory, report: ReportInput) -> ReportInput:
    """One item, answered by one model."""
    one, _ = contender(store, tmp_path_factory.mktemp("one"), "one", held_out_rows(1, right=1, seed=1), "It is:")
    return ReportInput(
        run="r", agent_type="MedicalQA", finished_at=report.finished_at, baseline=one, candidate=one, others=(one,)
    )


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, after WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_that_of_the_known_cases() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_and_drawings_can_be_told_from_what_is_behind_them(theme: int) -> None:
    style = CSS.read_text(encoding="utf-8")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", style if theme else style[: style.index("@media")]))
    for text in ("ink", "soft", "cand", "o1", "o2", "o3", "o4", "good", "bad"):
        assert contrast(colours[text], colours["card"]) >= 4.5, text
    for text, behind in (
        ("soft", "page"), ("ink", "track"), ("soft", "track"), ("good", "good-bg"), ("hold", "hold-bg"),
    ):  # fmt: skip
        assert contrast(colours[text], colours[behind]) >= 4.5, (text, behind)
    for line in ("base", "hold", "cand", "bad", "o1", "o2", "o3", "o4"):
        assert contrast(colours[line], colours["card"]) >= 3, line


def test_headings_skip_no_level_and_every_table_names_its_rows_and_columns(
    report: ReportInput, store: ArtifactStore
) -> None:
    root = parsed(render(report, store))
    levels = [int(heading.tag[1]) for heading in root.xpath("//h1|//h2|//h3|//h4|//h5")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for table in root.xpath("//table"):
        assert text_of(table.xpath("caption")[0])
        assert all(row.xpath('th[@scope="row"]') for row in table.xpath("tbody/tr"))
        assert all(text_of(cell) for cell in table.xpath("thead//th"))
    for section in root.xpath("//section"):
        assert text_of(root.get_element_by_id(section.get("aria-labelledby")))
    assert root.xpath('//a[@class="skip"]/@href') == ["#content"]
    assert all(region.get("tabindex") == "0" for region in root.xpath('//*[@class="scroll"]'))


def test_every_drawing_has_a_title_of_its_own(report: ReportInput, store: ArtifactStore) -> None:
    titles = [[text_of(title) for title in svg.xpath("title")] for svg in parsed(render(report, store)).xpath("//svg")]
    assert len(titles) > 30
    assert all(len(of_one) == 1 and len(of_one[0]) > 10 for of_one in titles)
    assert "base 0." in titles[0][0]
    assert "95 % interval" in titles[0][0]


NAMES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=12
) | st.sampled_from(["x" * 400, "<b>&amp;\"'</b>", "word " * 80, "\u202eright to left", "rougeL"])
BOUNDS = st.sampled_from([-1.0, 0.0, 1.0, 1e-300, -1e-12, 1e12, 5e-5, -0.9996]) | st.floats(-1, 1)
ESTIMATES = st.builds(
    lambda values, n: Estimate(low=min(values), value=sorted(values)[1], high=max(values), n=n),
    st.tuples(BOUNDS, BOUNDS, BOUNDS),
    st.sampled_from([1, 2, 49, 50, 10**7]),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    metrics=st.dictionaries(NAMES, ESTIMATES, max_size=4),
    slices=st.lists(st.tuples(NAMES, NAMES, ESTIMATES), max_size=20),
    p=st.floats(0, 1),
    effect=st.floats(-1e6, 1e6),
    name=NAMES,
)
def test_any_finite_numbers_and_any_names_make_a_page(
    small: ReportInput,
    store: ArtifactStore,
    metrics: dict[str, Estimate],
    slices: list[tuple[str, str, Estimate]],
    p: float,
    effect: float,
    name: str,
) -> None:
    assert small.candidate is not None
    comparison = Comparison(
        suite=name,
        baseline_sha256="b",
        candidate_sha256="c",
        differences=metrics,
        p_values=dict.fromkeys(metrics, p),
        effects=dict.fromkeys(metrics, effect),
        right_wrong=dict.fromkeys(metrics, (0, 10**9)),
        slices=tuple(SliceDifference(by=by, value=value, difference=estimate) for by, value, estimate in slices),
        worse_safety=(name,),
    )
    scores = EvalResult.model_validate(small.candidate.held_out_scores.model_dump() | {"metrics": metrics})
    candidate = small.candidate.model_copy(update={"held_out_scores": scores, "name": name, "comparison": comparison})
    odd = small.model_copy(update={"candidate": candidate, "others": (candidate,) * 5, "comparison": comparison})
    page = render(odd, store)
    root = parsed(page)
    shown = root.xpath("//body//text()[not(ancestor::title)]")
    names = {name, *metrics, *(word for by, value, _ in slices for word in (by, value))}
    assert not re.search(r"\b(nan|inf|None|Undefined)\b", " ".join(t for t in shown if not any(n in t for n in names)))
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert len(root.xpath("//svg/title")) == len(root.xpath("//svg"))
    assert "<b>" not in re.sub(r"<b>[^<]*</b>", "", page)
    # No place in a drawing lies outside it.
    places = [float(place.rstrip("%")) for place in root.xpath("//svg//@x1|//svg//@x2|//svg//@cx|//svg//rect/@x")]
    assert all(0 <= place <= 100 for place in places)


@pytest.mark.parametrize(
    ("value", "signed", "expected"),
    [
        (0.28349, False, "0.283"),
        (-0.0004, True, "0.000"),  # a rounded zero has no sign
        (-0.1, True, "−0.100"),
        (0.1, True, "+0.100"),
        (12.34, False, "12.3"),
        (1234.5, False, "1,234"),
        (3e12, True, "+3e+12"),
        (0.0, True, "0.000"),
    ],
)
def test_numbers_are_written_for_people(value: float, signed: bool, expected: str) -> None:
    assert number(value, signed=signed) == expected


def test_a_p_value_is_never_written_as_nothing() -> None:
    assert (p_value(0.0), p_value(0.00099), p_value(0.001), p_value(1)) == ("< 0.001", "< 0.001", "0.001", "1.000")


def test_a_long_curve_keeps_its_spikes_its_ends_and_its_order() -> None:
    curve = [(float(step), 1.0) for step in range(50_000)]
    curve[31_234] = (31_234.0, 9.0)
    kept = thinned(curve)
    assert (31_234.0, 9.0) in kept
    assert (kept[0], kept[-1]) == (curve[0], curve[-1])
    assert list(kept) == sorted(kept)
    assert len(kept) <= 2 * MOST_BUCKETS + 2
    assert thinned(curve[:600]) == curve[:600]
