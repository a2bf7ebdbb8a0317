"""Entrez's answers over made-up citations: searches with dates and PMIDs, a history server, the limit of 9,999."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random
from xml.sax.saxutils import escape

from tasks.sample.abstracts import FIRST_PMID, HEAD, SampleAbstract, citation_xml, draw_abstract
from tests.tasks.ingest.literature_terms import Predicate, compile_query

SEARCH_HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<!DOCTYPE eSearchResult PUBLIC "-//NLM//DTD esearch 20060628//EN" \
"https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20060628/esearch.dtd">
"""
DATES = re.compile(r"(\d{4}/\d\d/\d\d):(\d{4}/\d\d/\d\d)\[(edat|crdt|mdat)\]")
PMIDS = re.compile(r"(\d+):(\d+)\[uid\]")


@dataclass(frozen=True)
class Stored:
    """A citation and the days on which it came, was made and was changed."""

    abstract: SampleAbstract
    edat: date
    crdt: date
    mdat: date

    @property
    def pmid(self) -> str:
        return str(self.abstract.pmid)


def stored(count: int, last_day: date, *, per_day: int = 1, seed: int = 1) -> list[Stored]:
    """Make `count` citations, `per_day` a day up to `last_day`."""
    rng = Random(seed)
    days = [last_day - timedelta(days=index // per_day) for index in range(count)]
    numbers = rng.sample(range(FIRST_PMID, FIRST_PMID + 10 * count + 10), count)
    return [Stored(draw_abstract(rng, pmid), day, day, day) for pmid, day in zip(numbers, days, strict=True)]


def retract(citation: Stored, day: date) -> Stored:
    """Return a citation as it is after its retraction on `day`."""
    types = (*citation.abstract.types, "Retracted Publication")
    return replace(citation, abstract=replace(citation.abstract, retracted=True, types=types), mdat=day)


@dataclass(repr=False)
class EntrezData:
    """What the server knows. `lost` PMIDs are found but not returned; `most_ids` is 9,999 in earnest."""

    citations: list[Stored] = field(default_factory=list)
    most_ids: int = 9_999
    lost: set[str] = field(default_factory=set)
    history: dict[str, list[str]] = field(default_factory=dict)

    def answer(self, program: str, fields: Mapping[str, str]) -> tuple[int, str]:
        """Return HTTP status and body."""
        if program == "esearch":
            return self._search(fields)
        if program == "efetch":
            return self._fetch(fields)
        if program == "einfo":
            count = len(self.citations)
            body = f"<eInfoResult><DbInfo><DbName>pubmed</DbName><Count>{count}</Count></DbInfo></eInfoResult>"
            return 200, f'<?xml version="1.0" encoding="UTF-8" ?>\n{body}'
        return 404, "<html><body>not found</body></html>"

    def _search(self, fields: Mapping[str, str]) -> tuple[int, str]:
        if not fields.get("term", "").strip():
            return 200, search_error("Empty term and query_key - nothing todo")
        matches = compile_query(fields["term"], _leaf)
        found = sorted((c for c in self.citations if matches(c)), key=lambda c: (c.edat, c.pmid), reverse=True)
        if "mindate" in fields:
            first, last = (_day(fields[name]) for name in ("mindate", "maxdate"))
            found = [c for c in found if first <= getattr(c, fields["datetype"]) <= last]
        start, size = int(fields.get("retstart", 0)), int(fields.get("retmax", 20))
        if start > self.most_ids - 1 and len(found) > self.most_ids:
            return 200, search_error(
                f"Search Backend failed: Exception:\n'retstart' cannot be larger than {self.most_ids - 1}."
            )
        shown = [c.pmid for c in found[: self.most_ids][start : start + size]]
        kept = ""
        if fields.get("usehistory") == "y":
            webenv = f"MCID_{len(self.history):08x}"
            self.history[webenv] = [c.pmid for c in found[: self.most_ids]]
            kept = f"<QueryKey>1</QueryKey><WebEnv>{webenv}</WebEnv>"
        ids = "".join(f"<Id>{pmid}</Id>\n" for pmid in shown)
        return 200, (
            f"{SEARCH_HEAD}<eSearchResult><Count>{len(found)}</Count><RetMax>{len(shown)}</RetMax>"
            f"<RetStart>{start}</RetStart>{kept}<IdList>\n{ids}</IdList><TranslationSet/>"
            f"<QueryTranslation>{escape(fields['term'])}</QueryTranslation>{_unknown(fields['term'])}</eSearchResult>"
        )

    def _fetch(self, fields: Mapping[str, str]) -> tuple[int, str]:
        if "WebEnv" in fields:
            if fields["WebEnv"] not in self.history:
                return 400, fetch_error("Cannot retrieve history data. The WebEnv is not known.")
            kept, start = self.history[fields["WebEnv"]], int(fields.get("retstart", 0))
            if start >= len(kept):
                return 400, fetch_error("Cannot retrieve history data: OUT OF RANGE.")
            wanted = kept[start : start + int(fields.get("retmax", 20))]
        else:
            wanted = fields.get("id", "").split(",")
        return 200, self.citation_set([pmid for pmid in wanted if pmid not in self.lost])

    def citation_set(self, pmids: Sequence[str]) -> str:
        """Return citations as one PubmedArticleSet; a PMID that nobody has is left out without a word."""
        by_pmid = {c.pmid: c for c in self.citations}
        articles = "".join(citation_xml(by_pmid[pmid].abstract) for pmid in pmids if pmid in by_pmid)
        return f"{HEAD}{articles}</PubmedArticleSet>\n"


def search_error(said: str) -> str:
    return f"{SEARCH_HEAD}<eSearchResult><ERROR>{escape(said)}</ERROR></eSearchResult>"


def fetch_error(said: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8" ?>\n<eFetchResult>\n\t<ERROR>{escape(said)}</ERROR>\n</eFetchResult>'


def _unknown(term: str) -> str:
    phrases = re.findall(r"xyz\w*", term)
    return "".join(f"<ErrorList><PhraseNotFound>{escape(phrase)}</PhraseNotFound></ErrorList>" for phrase in phrases)


def _day(text: str) -> date:
    return date(*(int(part) for part in text.split("/")))


def _leaf(text: str) -> Predicate:
    if span := DATES.fullmatch(text):
        first, last, name = _day(span[1]), _day(span[2]), span[3]
        return lambda c: first <= getattr(c, name) <= last
    if span := PMIDS.fullmatch(text):
        low, high = int(span[1]), int(span[2])
        return lambda c: low <= c.abstract.pmid <= high  # type: ignore[attr-defined]
    if text == "retracted publication[pt]":
        return lambda c: "Retracted Publication" in c.abstract.types  # type: ignore[attr-defined]
    assert "[" not in text.replace("all[sb]", ""), text
    return lambda c: text == "all[sb]" or text.lower() in c.abstract.title.lower()  # type: ignore[attr-defined]
