"""Measure how fast the sources are read.

    python -m benchmarks.ingest [--quick] [--json]

Chats: rows a second from PostgreSQL to filtered JSON lines, beside a bare cursor (`benchmarks.interactions`).
PubMed: citations a second from one gzip file to rows of documents, beside pubmed_parser on the same file; beside the
limit, which is gunzip and an expat parser that nothing listens to; and by two processes beside one on several files.
The citations are those of ROUNDS_REAL_DATA/pubmed/exports/*.xml where that variable names a folder, repeated under
PMIDs of their own; else made-up ones, with as many authors, dates, headings and references as those have on average.

Both readers give title, abstract, journal, date, language, types, MeSH headings, grants, PMID, PMC id and DOI. Rounds
gives the abstract's labels, the version, the licence, the number of authors and what is retracted, too; pubmed_parser
gives names and affiliations of authors, PMIDs of references, chemicals, keywords and pages, which Rounds does not keep.
"""

import gzip
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path
from xml.parsers import expat

from lxml import etree

from benchmarks import interactions
from benchmarks.figures import Figure, main, rates
from tasks.ingest.intake import Intake
from tasks.ingest.papers import ReaderPool, collect_documents
from tasks.sample.abstracts import FIRST_PMID, HEAD, citation_xml, sample_abstracts

FILES = 4
INSTALL = "pubmed_parser is not installed, so it is not compared. Fix: uv pip install pubmed-parser"
RECORD = re.compile(rb"<PubmedArticle>.*?</PubmedArticle>", re.DOTALL)
PMID = re.compile(rb"(<PMID[^>]*>)\d+")
AUTHOR = (
    '<Author ValidYN="Y"><LastName>Whitlock</LastName><ForeName>Tansy</ForeName><Initials>T</Initials>'
    "<AffiliationInfo><Affiliation>{}</Affiliation></AffiliationInfo></Author>"
).format("Department of Invented Medicine, Port Ember Infirmary, Larkmoor. " * 3)
DATE = (
    '<PubMedPubDate PubStatus="received"><Year>2020</Year><Month>1</Month><Day>2</Day><Hour>6</Hour>'
    "<Minute>0</Minute></PubMedPubDate>"
)
HEADING = (
    '<MeshHeading><DescriptorName UI="D000000" MajorTopicYN="N">Tea</DescriptorName>'
    '<QualifierName UI="Q000000" MajorTopicYN="N">therapy</QualifierName></MeshHeading>'
)
REFERENCE = (
    "<Reference><Citation>{}</Citation><ArticleIdList>"
    '<ArticleId IdType="pubmed">98999999</ArticleId></ArticleIdList></Reference>'
).format("Larkmoor Ann Med. 2019 Jan;7(1):1-9. " * 2)
SHAPE = (  # a tag of the made-up citations, and what is put behind it: 12 kB and 190 elements, as real ones have
    ('<AuthorList CompleteYN="Y">', AUTHOR * 7),
    ("<MeshHeadingList>", HEADING * 12),
    ("<PubmedData>", f"<History>\n{DATE * 4}</History>"),
    ("<ReferenceList>", REFERENCE * 7),
)


def measure(quick: bool) -> list[Figure]:
    """Return all figures."""
    with tempfile.TemporaryDirectory() as folder:
        pubmed = pubmed_figures(write_files(Path(folder), 4_000 if quick else 10_000))
    return [*pubmed, *interactions.measure(quick)]


def pubmed_figures(paths: Sequence[Path]) -> list[Figure]:
    """Compare the reading of the first file with others', and that of all files by two processes with one."""
    one, one_holds, all_hold = paths[:1], count_of(paths[:1]), count_of(paths)
    figures = []
    if parse := pubmed_parser():
        figures.append(
            figure(
                "ingest.pubmed_vs_pubmed_parser", one_holds, lambda: count_of(one), lambda: drain(parse(str(one[0])))
            )
        )
    figures.append(figure("ingest.pubmed_vs_limit", one_holds, lambda: count_of(one), lambda: parse_bare(one[0])))
    with ReaderPool(2) as pool:
        count_of(paths[:2], pool)  # the start of the processes is not part of it: a pool serves all calls
        figures.append(
            figure("ingest.pubmed_workers_2_vs_1", all_hold, lambda: count_of(paths, pool), lambda: count_of(paths))
        )
    return figures


def figure(name: str, citations: int, ours: Callable[[], object], other: Callable[[], object]) -> Figure:
    """Measure one figure in citations a second."""
    return Figure(name, *rates(citations, ours, other), "citations/s", citations)


def count_of(paths: Sequence[Path], pool: ReaderPool | None = None) -> int:
    """Read files to rows of documents as a collection does, and return how many citations they hold."""
    intake = Intake()
    rows = drain(collect_documents(paths, intake, pool=pool))
    return rows + intake.retracted + intake.rejected.total()


def drain(rows: Iterator[object]) -> int:
    """Return how many there are."""
    return sum(1 for _ in rows)


def pubmed_parser() -> Callable[[str], Iterator[object]] | None:
    """Return its reader of a file, or say how to install it."""
    try:
        reader: Callable[[str], Iterator[object]] = importlib.import_module("pubmed_parser").parse_medline_xml
    except ImportError:
        print(INSTALL, file=sys.stderr)
        return None
    return reader


def parse_bare(path: Path) -> None:
    """Gunzip and parse, and do nothing with it."""
    with gzip.open(path) as file:
        expat.ParserCreate().ParseFile(file)


def write_files(folder: Path, citations: int) -> list[Path]:
    """Write FILES files of so many citations each, every one under a PMID of its own."""
    records, paths = cycle(real_records() or made_up_records()), []
    for number in range(FILES):
        paths.append(folder / f"{number}.xml.gz")
        with gzip.open(paths[-1], "wb", compresslevel=6) as file:
            file.write(HEAD.encode())
            for index, record in enumerate(islice(records, citations)):
                pmid = FIRST_PMID + number * citations + index
                file.write(PMID.sub(rb"\g<1>%d" % pmid, record, count=1) + b"\n")
            file.write(b"</PubmedArticleSet>\n")
    return paths


def real_records() -> list[bytes]:
    """Return the citations of real exports; none where there are none."""
    folder = Path(os.environ.get("ROUNDS_REAL_DATA", "absent")) / "pubmed" / "exports"
    return [record for path in sorted(folder.glob("*.xml")) for record in RECORD.findall(path.read_bytes())]


def made_up_records() -> list[bytes]:
    """Return citations of the sample, filled up to the shape of real ones."""
    records = []
    for abstract in sample_abstracts(1, 500):
        record = citation_xml(abstract)
        for tag, content in SHAPE:
            record = record.replace(tag, tag + content, 1)
        element = etree.fromstring(record)
        etree.indent(element, "    ")
        records.append(etree.tostring(element, encoding="utf-8").strip())
    return records


if __name__ == "__main__":
    main(__doc__.partition("\n")[0], measure)
