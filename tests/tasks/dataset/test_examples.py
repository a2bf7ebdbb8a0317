import pytest

from tasks.dataset.examples import certified_examples, split_conclusion
from tasks.errors import PrivacyError
from tasks.records import CertifiedRow, Document, PhiCertificate, Record, Section, row_sha256


def certified(record: Record, *, second_pass: int = 0) -> CertifiedRow:
    row = record.model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(row), engine="e", policy="p", findings={"NAME": 1}, second_pass=second_pass
    )
    return CertifiedRow(row=row, certificate=certificate)


def paper(*sections: Section) -> Document:
    return Document(source="pubmed", source_id="99000001", title="A trial of tea.", sections=sections)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ((Section(label="METHODS", text="We drank."), Section(label="CONCLUSIONS", text="It helps.")), "It helps."),
        ((Section(label="Interpretation", text="It may help."), Section(label="FINDINGS", text="So.")), "It may help."),
        ((Section(text="We drank tea. It cost 3.5 pence. It helps."),), "It helps."),
        ((Section(text="One sentence alone."),), ""),
        ((Section(label="CONCLUSIONS", text="Nothing before it."),), "Nothing before it."),
    ],
)
def test_the_conclusion_is_the_labelled_section_or_the_last_sentence(
    sections: tuple[Section, ...], expected: str
) -> None:
    assert split_conclusion(paper(*sections))[1] == expected


def test_a_paper_without_context_makes_no_example() -> None:
    line = certified(paper(Section(label="CONCLUSIONS", text="Nothing before it.")))
    assert list(certified_examples("documents", line, "MedicalQA")) == []


def test_an_example_of_a_paper_never_shows_its_answer_in_the_question() -> None:
    line = certified(paper(Section(text="We drank tea. It cost 3.5 pence. It helps.")))
    (made,) = certified_examples("documents", line, "MedicalQA")
    question, answer = (m["content"] for m in made.verified()["messages"])  # type: ignore[attr-defined]
    assert answer == "It helps."
    assert answer not in question


def test_a_derived_certificate_fits_the_example_and_names_the_redacted_row() -> None:
    line = certified(paper(Section(text="We drank tea. It helps.")))
    (made,) = certified_examples("documents", line, "MedicalQA")
    assert made.verified()
    assert made.certificate.derived_from == line.certificate.row_sha256
    assert made.certificate.findings == {"NAME": 1}


def test_a_row_that_was_edited_after_redaction_is_refused() -> None:
    line = certified(paper(Section(text="We drank tea. It helps.")))
    edited = line.model_copy(update={"row": line.row | {"title": "Another title."}})
    with pytest.raises(PrivacyError, match="not the one that its PHI certificate names"):
        list(certified_examples("documents", edited, "MedicalQA"))


def test_a_row_whose_second_pass_was_not_clean_is_refused() -> None:
    with pytest.raises(PrivacyError, match="second pass"):
        list(certified_examples("documents", certified(paper(Section(text="A. B.")), second_pass=1), "MedicalQA"))
