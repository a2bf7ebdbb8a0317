"""Made-up abstracts in the form of a PubMed efetch reply.

They have what real replies have: references that hold other PMIDs, inline tags, entities, labelled and plain abstracts,
a retracted publication, a citation without an abstract. PMIDs lie from 99,000,000 up, where PubMed has none; DOIs bear
Crossref's test prefix 10.5555. Form after the NLM's PubMed DTD of January 2025; elements that no reader of Rounds uses
are left out.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from xml.sax.saxutils import escape, quoteattr

from tasks.sample.hospital import DIAGNOSES, DRUGS, TREATMENTS

HEAD = """<?xml version="1.0" ?>
<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN" \
"https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">
<PubmedArticleSet>
"""
FIRST_PMID = 99_000_000
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
JOURNALS = ("Larkmoor annals of medicine", "Brindlewick journal of trials", "Port Ember clinical letters")
OUTCOMES = ("days in hospital", "pain scores", "readmission", "falls", "sleep quality", "walking distance", "infection")
SETTINGS = ("three district hospitals", "one teaching hospital", "twelve rural clinics", "a national registry")


@dataclass(frozen=True)
class SampleAbstract:
    """One citation; title and section texts are XML fragments (escaped, with inline tags), `plain` reads them."""

    pmid: int
    title: str
    sections: tuple[tuple[str, str], ...]  # (label, fragment); no label: a plain abstract
    journal: str
    year: int
    month: str
    doi: str
    mesh: tuple[str, ...]
    types: tuple[str, ...]
    licence: str = ""
    retracted: bool = False
    version: int = 1
    language: str = "eng"


def plain(fragment: str) -> str:
    """Return a fragment's text without tags and entities."""
    return html.unescape(re.sub(r"<[^>]+>", "", fragment))


def sample_abstracts(seed: int, count: int) -> Iterator[SampleAbstract]:
    """Yield `count` citations; the sixth and every sixtieth after it is retracted, the ninth has no abstract."""
    rng = Random(f"abstracts-{seed}")
    for index in range(count):
        abstract = draw_abstract(rng, FIRST_PMID + seed % 90 * 10_000 + index)
        if index % 60 == 5:
            types = (*abstract.types, "Retracted Publication")
            abstract = SampleAbstract(**{**vars(abstract), "retracted": True, "types": types})
        if index == 8:
            abstract = SampleAbstract(**{**vars(abstract), "sections": ()})
        yield abstract


def write_pubmed_xml(path: Path, seed: int, count: int) -> None:
    """Write `count` made-up citations as one efetch reply."""
    write_citations(path, sample_abstracts(seed, count))


def write_citations(path: Path, abstracts: Iterable[SampleAbstract], deleted: Iterable[int] = ()) -> None:
    """Write citations as one PubmedArticleSet; `deleted` PMIDs go into a DeleteCitation, as update files have it."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        file.writelines(map(citation_xml, abstracts))
        pmids = "".join(f'<PMID Version="1">{pmid}</PMID>' for pmid in deleted)
        file.write(
            f"<DeleteCitation>{pmids}</DeleteCitation>\n</PubmedArticleSet>\n" if pmids else "</PubmedArticleSet>\n"
        )


def citation_xml(a: SampleAbstract) -> str:
    """Return one PubmedArticle element."""
    mesh = "".join(
        f'<MeshHeading><DescriptorName UI="D{index:06}" MajorTopicYN="N">{escape(term)}</DescriptorName></MeshHeading>'
        for index, term in enumerate(a.mesh)
    )
    types = "".join(f'<PublicationType UI="D016428">{escape(name)}</PublicationType>' for name in a.types)
    notice = (
        '<CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>Ann Med</RefSource>'
        f'<PMID Version="1">{a.pmid + 500_000}</PMID></CommentsCorrections></CommentsCorrectionsList>'
        if a.retracted
        else ""
    )
    return f"""<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="{a.version}">{a.pmid}</PMID>\
<DateRevised><Year>{a.year}</Year><Month>12</Month><Day>01</Day></DateRevised>
<Article PubModel="Print-Electronic"><Journal><ISSN IssnType="Electronic">0000-0000</ISSN>\
<JournalIssue CitedMedium="Internet"><Volume>7</Volume><PubDate><Year>{a.year}</Year><Month>{a.month}</Month></PubDate>\
</JournalIssue><Title>{escape(a.journal)}</Title></Journal>
<ArticleTitle>{a.title}</ArticleTitle><ELocationID EIdType="doi" ValidYN="Y">{escape(a.doi)}</ELocationID>
{_abstract_xml(a)}<AuthorList CompleteYN="Y"><Author ValidYN="Y"><LastName>Whitlock</LastName>\
<ForeName>Tansy</ForeName></Author></AuthorList><Language>{escape(a.language)}</Language>
<PublicationTypeList>{types}</PublicationTypeList></Article>
{notice}<MeshHeadingList>{mesh}</MeshHeadingList></MedlineCitation>
<PubmedData><PublicationStatus>ppublish</PublicationStatus><ArticleIdList>\
<ArticleId IdType="pubmed">{a.pmid}</ArticleId><ArticleId IdType="doi">{escape(a.doi)}</ArticleId></ArticleIdList>
<ReferenceList><Reference><Citation>Larkmoor Ann Med. 2019.</Citation><ArticleIdList>\
<ArticleId IdType="pubmed">98999999</ArticleId><ArticleId IdType="doi">10.5555/cited</ArticleId></ArticleIdList>\
</Reference></ReferenceList></PubmedData></PubmedArticle>
"""


def _abstract_xml(a: SampleAbstract) -> str:
    if not a.sections:
        return ""
    texts = "".join(
        f"<AbstractText Label={quoteattr(label)} NlmCategory={quoteattr(label)}>{fragment}</AbstractText>"
        if label
        else f"<AbstractText>{fragment}</AbstractText>"
        for label, fragment in a.sections
    )
    notice = f"<CopyrightInformation>{escape(a.licence)}</CopyrightInformation>" if a.licence else ""
    return f"<Abstract>{texts}{notice}</Abstract>"


def draw_abstract(rng: Random, pmid: int) -> SampleAbstract:
    """Draw one citation of 90-160 words, three in four with a labelled abstract."""
    drug, kind, _, doses = rng.choice(DRUGS)
    diagnosis, outcome, treatment = rng.choice(DIAGNOSES), rng.choice(OUTCOMES), rng.choice(TREATMENTS)
    sections = _sections(rng, drug, f"{rng.choice(doses)} of {drug}, {kind},", diagnosis, outcome, treatment)
    if rng.random() < 0.25:
        sections = (("", " ".join(fragment for _, fragment in sections)),)
    year = rng.randint(2019, 2026)
    return SampleAbstract(
        pmid=pmid,
        title=f"{drug.capitalize()} and {outcome} in patients with {diagnosis}: {rng.choice(TITLE_FORMS)}.",
        sections=sections,
        journal=rng.choice(JOURNALS),
        year=year,
        month=rng.choice(MONTHS),
        doi=f"10.5555/larkmoor.{pmid}",
        mesh=("Humans", drug.capitalize(), outcome.capitalize()),
        types=("Journal Article", *rng.choice((("Randomized Controlled Trial",), ("Observational Study",), ()))),
        licence=f"© {year} The made-up authors." if rng.random() < 0.3 else "",
    )


TITLE_FORMS = ("a randomized trial", "a cohort study", "a <i>post hoc</i> analysis", "results at 10<sup>3</sup> days")
BACKGROUNDS = (
    "It is not known whether {dose} changes {outcome} in patients with {diagnosis}.",
    "Patients with {diagnosis} often have poor {outcome}. Earlier studies of {dose} were small.",
    "Care of {diagnosis} differs between hospitals. The effect of {dose} on {outcome} is uncertain.",
)
METHODS = (
    "In {setting} we assigned {n} patients to {drug} or to {treatment} alone and followed them for {weeks} weeks. The "
    "main measure was {outcome}, read by staff who did not know the group.",
    "We followed {n} patients from {setting} for {weeks} weeks. Those given {drug} were matched to others given "
    "{treatment} alone by age, sex and length of illness. The main measure was {outcome}.",
)
RESULTS = (
    "{outcome_c} {moved} in {a} % of the {drug} group and in {b} % of the others (<i>P</i> {p}). Side effects were "
    "seen in {c} patients, most of them mild, and {d} patients stopped early.",
    "At the end {a} % of patients on {drug} and {b} % of the others had better {outcome} (<i>P</i> {p}). Between the "
    "groups {c} patients were lost to follow up and {d} needed a second course of {treatment}.",
)
CLOSINGS = (
    "Longer studies are needed before routine use.",
    "The result should be repeated in other hospitals.",
    "Cost was not studied.",
    "Kidney function should be watched during treatment.",
)


def _sections(
    rng: Random, drug: str, dose: str, diagnosis: str, outcome: str, treatment: str
) -> tuple[tuple[str, str], ...]:
    works = rng.random() < 0.6
    b = rng.randint(20, 60)
    words = {
        "drug": drug, "dose": dose, "diagnosis": diagnosis, "outcome": outcome, "treatment": treatment,
        "outcome_c": outcome.capitalize(), "setting": rng.choice(SETTINGS), "n": rng.randint(40, 2000),
        "weeks": rng.choice((6, 8, 12, 24, 52)), "moved": "improved", "b": b, "c": rng.randint(2, 30),
        "d": rng.randint(1, 20), "a": b + (rng.randint(12, 30) if works else rng.randint(-2, 2)),
        "p": "&lt; 0.001" if works else "= 0.6",
    }  # fmt: skip
    found = f"{drug.capitalize()} {'improved' if works else 'did not improve'} {outcome} in patients with {diagnosis}."
    return (
        ("BACKGROUND", rng.choice(BACKGROUNDS).format(**words)),
        ("METHODS", rng.choice(METHODS).format(**words)),
        ("RESULTS", rng.choice(RESULTS).format(**words)),
        ("CONCLUSIONS", f"{found} {rng.choice(CLOSINGS)}"),
    )
