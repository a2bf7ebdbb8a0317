import pytest

from tasks.dataset.examples import certified_examples
from tasks.errors import PrivacyError
from tasks.records import CertifiedRow, Document, PhiCertificate, Record, Section, row_sha256


def certified(record: Record, *, second_pass: int = 0) -> CertifiedRow:
    row = record.model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(row),
        engine="e",
        policy="p",
        findings={"NAME": 1},
        second_pass=second_pass,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=row, certificate=certificate)


def paper(*sections: Section) -> Document:
    return Document(source="pubmed", source_id="99000001", title="A trial of tea.", sections=sections)


def test_a_paper_without_context_makes_no_example() -> None:
    line = certified(paper(Section(label="CONCLUSIONS", text="Nothing before it.")))
    assert list(certified_examples("documents", line, "MedicalQA")) == []


def test_a_paper_makes_several_examples_each_with_a_certificate_of_its_own() -> None:
    line = certified(
        paper(
            Section(label="METHODS", text="We gave tea to forty sailors every day."),
            Section(label="RESULTS", text="Thirty of them were warmer than before."),
            Section(label="CONCLUSIONS", text="Tea keeps sailors warm at sea in winter."),
        )
    )
    made = list(certified_examples("documents", line, "MedicalQA"))
    assert len(made) == 3
    assert len({one.certificate.row_sha256 for one in made}) == 3
    assert {one.verified()["group_id"] for one in made} == {"pubmed:99000001"}
    assert {one.certificate.derived_from for one in made} == {line.certificate.row_sha256}


def test_a_clinical_document_is_not_asked_what_a_paper_is() -> None:
    note = paper(Section(text="We drank tea. It helps.")).model_copy(update={"source": "documents"})
    assert list(certified_examples("documents", certified(note), "MedicalQA")) == []


def test_a_derived_certificate_fits_the_example_and_names_the_redacted_row() -> None:
    line = certified(paper(Section(text="We drank tea at sea. In conclusion, tea keeps sailors warm in winter.")))
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
