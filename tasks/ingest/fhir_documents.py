"""Read the documents among FHIR R4 resources: `DocumentReference` with inline attachments, `Composition`, `Bundle`s.

After https://hl7.org/fhir/R4/documentreference.html and https://hl7.org/fhir/R4/composition.html. Of a document that is
attached in several formats, the first that gives text is taken. Titles come from the type's code, never from
`Composition.title` or an attachment's, which name patients. Not covered: attachments elsewhere (their addresses are not
followed), FHIR XML, other resources.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.ingest.document_lines import UnreadableDocument, single_spaced
from tasks.ingest.document_text import document_lines
from tasks.ingest.markup_text import html_lines
from tasks.ingest.note_headings import is_known_heading
from tasks.ingest.note_sections import read_sections
from tasks.records import Section

DOCUMENTS = ("DocumentReference", "Composition")
LOINC = "http://loinc.org"
SUFFIXES: Mapping[str, str] = {
    "text/plain": ".txt",
    "text/markdown": ".txt",
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "": ".txt",  # the first bytes tell PDF and docx; an attachment need not name its type
}
NAMES: Mapping[str, str] = {  # LOINC's names of documents and sections, short; https://loinc.org
    "18842-5": "Discharge summary",
    "34105-7": "Hospital discharge summary",
    "11490-0": "Physician discharge summary",
    "10183-2": "Discharge medications",
    "75311-1": "Discharge medications",
    "10160-0": "Medications",
    "42346-7": "Medications on admission",
    "8653-8": "Discharge instructions",
    "69730-0": "Instructions",
    "42344-2": "Discharge diet",
    "61144-2": "Diet and nutrition",
    "18776-5": "Plan of treatment",
    "11535-2": "Discharge diagnosis",
    "46241-6": "Admission diagnosis",
    "8648-8": "Hospital course",
    "48765-2": "Allergies",
    "11450-4": "Problem list",
    "11493-4": "Hospital discharge studies",
    "10184-0": "Hospital discharge physical examination",
    "29545-1": "Physical examination",
    "8716-3": "Vital signs",
    "30954-2": "Results",
    "47519-4": "Procedures",
    "47420-5": "Functional status",
    "10154-3": "Chief complaint",
    "29299-5": "Reason for visit",
    "42349-1": "Reason for referral",
    "10164-2": "History of present illness",
    "11348-0": "Past medical history",
    "29762-2": "Social history",
    "10157-6": "Family history",
    "10187-3": "Review of systems",
    "11369-6": "Immunizations",
    "51848-0": "Assessment",
}
DEFAULT_TITLE = "Discharge summary"
NOT_FINAL = ("preliminary", "superseded", "current-superseded")

Resource = Mapping[str, Any]


class EnteredInError(Exception):
    """A document that its record system says should never have been."""


@dataclass(frozen=True)
class FhirDocument:
    """What one resource says; `subject` is the patient's own id, which may be a record number."""

    title: str
    sections: tuple[Section, ...]
    subject: str
    year: str
    language: str
    version: int


def documents_in(content: object) -> Iterator[Resource]:
    """Yield the documents of a resource, a list of resources or a bundle, those of bundles within it too."""
    waiting = [content]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting += reversed(item)
        elif isinstance(item, dict) and item.get("resourceType") == "Bundle":
            waiting += [entry.get("resource") for entry in reversed(_dicts(item.get("entry")))]
        elif isinstance(item, dict) and item.get("resourceType") in DOCUMENTS:
            yield item


def resource_id(resource: Resource) -> str:
    """Return type and id of a resource, "" where it has no id."""
    number = _string(resource, "id")
    return f"{resource['resourceType']}/{number}" if number else ""


def read_document(resource: Resource, *, ocr: bool = False) -> FhirDocument:
    """Read one DocumentReference or Composition.

    Raises:
        UnreadableDocument: nothing in it can be read; the reason says why.
        EnteredInError: it is marked so.
    """
    states = {_string(resource, "status"), _string(resource, "docStatus")}
    if "entered-in-error" in states:
        raise EnteredInError
    if states & {*NOT_FINAL}:
        raise UnreadableDocument("preliminary or superseded")
    is_composition = resource["resourceType"] == "Composition"
    sections = tuple(_narratives(resource)) if is_composition else _attached(resource, ocr=ocr)
    if not sections:
        raise UnreadableDocument("no text")
    version = _string(_dict(resource.get("meta")), "versionId")
    language = _string(resource, "language").partition("-")[0].lower()
    return FhirDocument(
        title=_name(resource.get("type")) or DEFAULT_TITLE,
        sections=sections,
        subject=_subject(resource),
        year=_year(resource),
        language=language if language.isalpha() and language != "en" else "eng",
        version=max(1, int(version)) if version.isdecimal() and len(version) < 10 else 1,
    )


def _attached(resource: Resource, *, ocr: bool) -> tuple[Section, ...]:
    """Return the sections of the first attachment that gives text; the first reason stands for all."""
    reason = ""
    for content in _dicts(resource.get("content")):
        try:
            attachment = _dict(content.get("attachment"))
            return read_sections(document_lines(_bytes(attachment), _suffix(attachment), ocr=ocr))
        except UnreadableDocument as error:
            reason = reason or str(error)
    raise UnreadableDocument(reason or "no attachment")


def _bytes(attachment: Resource) -> bytes:
    data = _string(attachment, "data")
    if not data:
        raise UnreadableDocument("attachment not inline" if attachment.get("url") else "no attachment")
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableDocument("malformed base64") from None


def _suffix(attachment: Resource) -> str:
    kind = _string(attachment, "contentType").partition(";")[0].strip().lower()
    return SUFFIXES.get(kind, kind)


def _narratives(composition: Resource) -> Iterator[Section]:
    """Yield the sections of a composition depth first; headings inside a narrative make sections of their own."""
    waiting = _dicts(composition.get("section"))[::-1]
    if not waiting:
        waiting = [composition]
    while waiting:
        part = waiting.pop()
        label = _label(part) if part is not composition else ""
        markup = _string(_dict(part.get("text")), "div")
        for section in read_sections(html_lines(markup)) if markup.strip() else ():
            yield section if section.label else Section(label=label, text=section.text)
        if part is not composition:
            waiting += _dicts(part.get("section"))[::-1]


def _label(section: Resource) -> str:
    """Return a section's title, or LOINC's name of its code where the title is missing or says nothing."""
    title, name = single_spaced(_string(section, "title")).rstrip(": "), _name(section.get("code"))
    return title if title and (is_known_heading(title) or not name) else name


def _name(concept: object) -> str:
    """Return the name of a coded concept: ours for the LOINC codes above, else the first display, else its text."""
    codings = _dicts(_dict(concept).get("coding"))
    ours = (NAMES.get(_string(c, "code"), "") for c in codings if _string(c, "system") in (LOINC, ""))
    names = (*ours, *(_string(c, "display") for c in codings), _string(_dict(concept), "text"))
    return next((single_spaced(name) for name in names if name.strip()), "")


def _subject(resource: Resource) -> str:
    """Return the patient's id: of `Patient/7`, of an absolute address and of a history entry the same 7."""
    subject = _dict(resource.get("subject"))
    reference = _string(subject, "reference").partition("/_history")[0]
    if reference.startswith("#"):  # a resource within this one; its id means nothing outside
        inside = [c for c in _dicts(resource.get("contained")) if _string(c, "id") == reference[1:]]
        subject = {"identifier": next(iter(_dicts(_dict(next(iter(inside), {})).get("identifier"))), {})}
        reference = ""
    return reference.rpartition("Patient/")[2] or _string(_dict(subject.get("identifier")), "value")


def _year(resource: Resource) -> str:
    """Return the year alone: of a patient's dates, 45 CFR 164.514(b)(2)(i)(C) lets no more stand."""
    year = _string(resource, "date")[:4]
    return year if year.isdecimal() and len(year) == 4 else ""


def _string(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    return value if isinstance(value, str) else ""


def _dict(value: object) -> Resource:
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[Any]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
