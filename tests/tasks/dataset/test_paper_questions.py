"""What a paper is asked, in which words it answers, and what it never gives away."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dataset.abstracts import abstract_of, citation, kinds_of
from tasks.dataset.paper_questions import EXAMPLES_A_PAPER, asked_by, paper_examples, pretraining_text
from tasks.records import Document, Section
from tasks.sample.abstracts import plain, sample_abstracts

METHODS = "We gave tea to forty sailors every day."
RESULTS = "Thirty of the sailors were warmer. Frostbite was rarer with tea. Nobody slept worse."
CONCLUSION = "Tea keeps sailors warm at sea in winter."
LABELLED = (("METHODS", METHODS), ("RESULTS", RESULTS), ("CONCLUSIONS", CONCLUSION))


def paper(*sections: tuple[str, str], title: str = "A trial of tea.", **fields: object) -> Document:
    parts = tuple(Section(label=label, text=text) for label, text in sections)
    given_fields = {"source": "pubmed", "source_id": "99000001"} | fields
    return Document(title=title, sections=parts, **given_fields)  # type: ignore[arg-type]


def pairs(document: Document, limit: int = 9) -> list[tuple[str, str]]:
    made = paper_examples(document, "MedicalQA", limit=limit)
    return [(one.messages[0].content, one.messages[1].content) for one in made]


# ── the conclusion ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ((("METHODS", "We drank."), ("CONCLUSIONS", "It helps.")), "It helps."),
        ((("Interpretation", "It may help."), ("FINDINGS", "So.")), "It may help."),
        ((("", "We drank tea. It cost 3.5 pence. It helps."),), "It helps."),
        ((("", "One sentence alone."),), ""),
        ((("CONCLUSIONS", "Nothing before it."),), "Nothing before it."),
        (
            (("", "AIMS: To drink. RESULTS: It was warm. It was good. CONCLUSIONS: Tea helps. Drink it."),),
            "Tea helps. Drink it.",
        ),
        ((("", "Background Tea is old. Methods We drank. Conclusion Tea is good. Very."),), "Tea is good. Very."),
        ((("", "Tea is old. Results were good: We drank. It helps."),), "It helps."),
        ((("", "We drank tea. It helps. © 2019 A Fictional Society."),), "It helps."),
        ((("", "We drank tea. It helps. J Fict Med 67:25-73, 2019."),), "It helps."),
        (
            (("", "We drank tea. It helps specific structures. J Fict Med 67:25-73, 2019."),),
            "It helps specific structures.",
        ),
        ((("", "We drank tea. It helps.   © 2019 A Fictional Society."),), "It helps."),
        ((("", "We drank tea. It helps. Level of Evidence: Level 4, Case Report."),), "It helps."),
        ((("", "We drank tea. The level of evidence is low."),), "The level of evidence is low."),
        (
            (("Abstract: Methods", "We drank."), ("Abstract: Conclusion", "It helps."), ("Conclusion", "Body.")),
            "It helps.",
        ),
    ],
)
def test_the_conclusion_is_the_labelled_part_or_the_last_sentence(
    sections: tuple[tuple[str, str], ...], expected: str
) -> None:
    assert abstract_of(paper(*sections)).split_conclusion()[1] == expected


@given(
    st.lists(
        st.sampled_from(
            [f"{start} warms sailors at sea and should be served." for start in ("Tea", "Cocoa", "Broth", "Rum")]
        ),
        min_size=2,
        max_size=6,
        unique=True,
    )
)
def test_the_question_about_the_conclusion_never_shows_it(sentences: list[str]) -> None:
    question, answer = pairs(paper(("", " ".join(sentences))))[0]
    assert answer == f"{sentences[-1]} (PMID 99000001)"
    assert sentences[-1] not in question


def test_a_title_that_asks_is_the_question_and_is_answered_by_the_conclusion() -> None:
    question, answer = pairs(paper(*LABELLED, title="Does tea keep sailors warm?"))[0]
    assert question == f"(PMID 99000001)\n\n{METHODS}\n{RESULTS}\n\nDoes tea keep sailors warm?"
    assert answer == f"{CONCLUSION} (PMID 99000001)"


NO_CONCLUSIONS = [
    "The kettle showed massive scaling of its inner side.",
    "The sailor was put ashore without any sequelae.",
    "Level of Evidence: Level 4, Case Report of a sailor.",
    "The current views on how tea should be brewed are discussed.",
    "The important literature on tea at sea is reviewed",
    "We describe an interesting sailor who may have liked tea.",
    "In addition to reporting this case, we discuss how tea is brewed.",
    "Tea may help.",
]


@pytest.mark.parametrize("title", ["Does tea keep sailors warm?", "A case of tea."])
@pytest.mark.parametrize("last", NO_CONCLUSIONS)
def test_a_paper_that_concludes_nothing_is_not_asked_what_it_concludes(last: str, title: str) -> None:
    assert pairs(paper(("", f"We drank tea. It was hot. {last}"), title=title)) == []


@pytest.mark.parametrize("last", NO_CONCLUSIONS[:2])
def test_a_paper_that_concludes_nothing_is_still_asked_about_its_sections(last: str) -> None:
    answers = {answer for _, answer in pairs(paper(("METHODS", METHODS), ("RESULTS", f"{RESULTS} {last}")))}
    assert answers == {f"{METHODS} (PMID 99000001)", f"{RESULTS} {last} (PMID 99000001)"}


@pytest.mark.parametrize(
    "last",
    [
        "Sailors in the north should be served tea every day.",
        "Tea might explain why so few of the crew fell ill.",
        "It is essential that the kettle be kept warm.",
        "This case highlights the risk of cold tea at sea.",
        "We propose that the cold was caused by a lack of tea.",
        "Therefore tea is the drink of choice for sailors.",
    ],
)
def test_a_conclusion_without_a_label_is_known_by_its_words(last: str) -> None:
    question, answer = pairs(paper(("", f"We drank tea. It was hot. {last}")))[0]
    assert answer == f"{last} (PMID 99000001)"
    assert last not in question


def test_a_labelled_conclusion_that_announces_something_at_its_end_stays() -> None:
    told = f"{CONCLUSION} Other drinks are discussed."
    assert pairs(paper(*LABELLED[:2], ("CONCLUSIONS", told)))[0][1] == f"{told} (PMID 99000001)"


def test_made_up_abstracts_are_asked_what_they_conclude() -> None:
    made = [a for a in sample_abstracts(1, 200) if a.sections]
    texts = [[(label, plain(fragment)) for label, fragment in a.sections] for a in made]
    asked = [any("conclu" in q.rsplit("\n", 1)[-1].lower() for q, _ in pairs(paper(*parts), 1)) for parts in texts]
    unlabelled = [was for was, parts in zip(asked, texts, strict=True) if len(parts) == 1]
    assert sum(unlabelled) > len(unlabelled) / 2
    assert all(was for was, parts in zip(asked, texts, strict=True) if len(parts) > 1)


LONG = [" " * 200_000, "\n " * 100_000, " Open Data" * 20_000, " Kept" * 40_000, " https://a" * 20_000, " (c)" * 50_000]


@pytest.mark.parametrize("run", LONG, ids=[run[:10].strip() or repr(run[:2]) for run in LONG])
def test_a_long_run_of_the_same_is_gone_over_once(run: str) -> None:
    """What goes over it anew from every character does not come back for minutes."""
    assert abstract_of(paper(("METHODS", f"Tea.{run}x"))).text.startswith("Tea.")


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("Does tea keep sailors warm?", "Does tea keep sailors warm?"),
        ("[Does tea keep sailors warm?].", "Does tea keep sailors warm?"),
        ("Tea at sea: does it help?", "Tea at sea: does it help?"),
        ("Why tea? A review of sailors", ""),
        ("Tea?", ""),
        ("A trial of tea.", ""),
    ],
)
def test_only_a_whole_title_is_a_question(title: str, question: str) -> None:
    assert asked_by(title) == question


# ── labelled sections and subjects ───────────────────────────────────────────────────────────────────────────────


def test_labelled_sections_are_to_be_found_in_the_text_without_its_labels() -> None:
    found = {answer.removesuffix(" (PMID 99000001)"): question for question, answer in pairs(paper(*LABELLED))[1:]}
    assert set(found) == {METHODS, RESULTS, CONCLUSION}
    assert all(f"{METHODS}\n{RESULTS}\n{CONCLUSION}" in question for question in found.values())
    assert not any("METHODS" in question for question in found.values())


@pytest.mark.parametrize(
    ("label", "kinds"),
    [
        ("METHODS AND RESULTS", {"methods", "results"}),
        ("MAIN OUTCOME MEASURES", {"methods"}),
        ("MAIN OUTCOME", {"results"}),
        ("Patients and methods", {"methods"}),
        ("CONCLUSIONS AND RELEVANCE", {"conclusion"}),
        ("CLINICAL RELEVANCE", {"conclusion"}),
        ("STUDY QUESTION", {"objective"}),
        ("AIM", {"objective"}),
        ("CLAIMS", set()),
        ("UNLABELLED", set()),
        ("", set()),
    ],
)
def test_labels_are_sorted_into_the_kinds_of_structured_abstracts(label: str, kinds: set[str]) -> None:
    assert kinds_of(label) == kinds


def test_a_section_of_two_kinds_answers_neither_question() -> None:
    mixed = paper(("METHODS AND RESULTS", f"{METHODS} {RESULTS}"), ("CONCLUSIONS", CONCLUSION))
    assert [answer for _, answer in pairs(mixed)] == [f"{CONCLUSION} (PMID 99000001)"] * 2


def test_a_subject_is_answered_by_the_sentences_that_name_it() -> None:
    document = paper(*LABELLED, mesh=("Humans", "Frostbites", "Sailors", "Rum"))
    subjects = [(q, a) for q, a in pairs(document) if "frostbite" in q.lower().rsplit("\n", 1)[-1]]
    assert [answer for _, answer in subjects] == ["Frostbite was rarer with tea. (PMID 99000001)"]


@pytest.mark.parametrize("mesh", [("Humans",), ("Rum",), ("q-bio.QM",), ("Were",)])
def test_no_question_about_what_is_no_subject_or_is_in_every_sentence(mesh: tuple[str, ...]) -> None:
    everywhere = (*LABELLED[:1], ("RESULTS", "They were warm. They were well."), ("CONCLUSIONS", "All were well."))
    assert len(pairs(paper(*everywhere, mesh=mesh))) == len(pairs(paper(*everywhere)))


def test_what_is_wished_for_is_no_finding() -> None:
    wish = ("CONCLUSIONS", f"{CONCLUSION} Further studies of rum are needed.")
    document = paper(*LABELLED[:2], wish, mesh=("Rum",))
    assert len(pairs(document)) == len(pairs(document.model_copy(update={"mesh": ()})))


def test_an_inverted_heading_is_spoken() -> None:
    results = ("RESULTS", "They had type 2 diabetes mellitus. They drank. They slept. They woke.")
    document = paper(LABELLED[0], results, LABELLED[2], mesh=("Diabetes Mellitus, Type 2",))
    assert any("type 2 diabetes mellitus" in question.rsplit("\n", 1)[-1] for question, _ in pairs(document))


# ── what holds for all ───────────────────────────────────────────────────────────────────────────────────────────


@given(st.text("0123456789", min_size=1, max_size=8))
def test_a_paper_makes_few_examples_always_the_same_and_in_its_group(pmid: str) -> None:
    document = paper(*LABELLED, source_id=pmid)
    made = list(paper_examples(document, "MedicalQA"))
    assert made == list(paper_examples(document, "MedicalQA"))
    assert len(made) == EXAMPLES_A_PAPER
    assert {one.group_id for one in made} == {f"pubmed:{pmid}"}
    assert all(one.messages[1].content.endswith(f" (PMID {pmid})") for one in made)
    assert all(f"(PMID {pmid})" in one.messages[0].content for one in made)


def test_papers_are_asked_in_several_phrasings() -> None:
    asked = {pairs(paper(*LABELLED, source_id=str(n)))[0][0].rsplit("\n", 1)[-1] for n in range(40)}
    assert len(asked) > 2


@pytest.mark.parametrize(
    ("fields", "cited"),
    [
        ({}, "PMID 99000001"),
        ({"source": "pmc", "source_id": "PMC9"}, "PMCID PMC9"),
        ({"source": "pmc", "source_id": "PMC9", "pmid": "7"}, "PMID 7"),
        ({"source": "pmc", "source_id": "10.1/x", "doi": "10.1/x"}, "doi:10.1/x"),
        ({"source": "arxiv", "source_id": "2601.00001"}, "arXiv:2601.00001"),
        ({"source": "texts", "source_id": "a1b2"}, ""),
    ],
)
def test_a_paper_is_cited_by_its_number(fields: dict[str, str], cited: str) -> None:
    assert citation(paper(*LABELLED, **fields)) == cited


def test_a_full_text_shares_its_citations_group_and_is_asked_by_its_abstract_alone() -> None:
    sections = (
        ("Abstract", f"{METHODS} Thus tea keeps sailors warm at sea."),
        ("Methods", "A body."),
        ("Conclusion", "The body ends."),
    )
    document = paper(*sections, source="pmc", source_id="PMC9", pmid="99000001")
    (example,) = paper_examples(document, "MedicalQA")
    assert example.group_id == "pubmed:99000001"
    assert "body" not in str(example.messages).lower()


def test_a_full_text_without_abstract_makes_no_example() -> None:
    assert pairs(paper(("Introduction", "Tea is old. It helps."), source="pmc", source_id="PMC9")) == []


def test_an_answer_with_a_lost_formula_is_left_out() -> None:
    assert pairs(paper(("", "We drank tea. This study suggests a rise by [Formula: see text] daily."))) == []


def test_text_to_pre_train_on_holds_title_labels_and_sections() -> None:
    text = pretraining_text(paper(("METHODS", METHODS), ("", CONCLUSION)))
    assert text == f"A trial of tea.\n\nMETHODS\n{METHODS}\n\n{CONCLUSION}"
    assert pretraining_text(paper(title="")) == ""
