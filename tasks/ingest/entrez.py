"""Speak with NCBI's Entrez: search PubMed, fetch citations as XML, and notice every reply that is not one.

Entrez answers much under HTTP 200 that is no answer: a refusal for too many requests as JSON, a failure behind it as
<ERROR>, an HTML page, XML that ends in the middle, nothing. Each is asked for again. Its rules: 3 requests a second,
10 with a key, a tool name and an e-mail address in each (https://www.ncbi.nlm.nih.gov/books/NBK25497/). Parameters
after https://www.ncbi.nlm.nih.gov/books/NBK25499/. Every request is a POST: long queries fit, and no key is in a URL.

Biopython is not used here: its transport knows one address only, and its reader makes folders in the home folder and
fetches DTDs into them. The replies read here have six elements.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import orjson
from lxml import etree

from infra.settings import Settings
from tasks.errors import ConfigError, SourceError
from tasks.ingest.politeness import BadReply, Patience, RateLimit, Service

MOST_IDS = 9_999  # a PubMed search shows no more, whatever the paging: retstart may be 9,998 at most
BATCH = 250  # citations a request, about 4 MB of XML
LASTING = re.compile(r"cannot be larger|invalid db|empty (term|query)|not supported|syntax", re.IGNORECASE)
HISTORY = re.compile(r"history|webenv|query[_ ]?key|query #", re.IGNORECASE)
NO_SUCH_IDS = re.compile(r"ID list is empty", re.IGNORECASE)
FIX_QUERY = "correct the query; https://pubmed.ncbi.nlm.nih.gov shows how PubMed reads it"

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Found:
    """One search: how many citations there are, the PMIDs shown, and where the history server keeps them."""

    count: int
    pmids: tuple[str, ...]
    webenv: str
    query_key: str
    unknown_phrases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Citations:
    """A whole, well-formed set of citations, and the PMIDs in it; what else they hold is for the parser of PubMed."""

    xml: bytes
    pmids: frozenset[str]


class HistoryLost(Exception):
    """The history server no longer has the search, or another order of it: the citations are asked for by PMID."""


class Entrez:
    """One way to one Entrez; `most_ids` and `batch` are parameters for tests."""

    def __init__(
        self, service: Service, url: str, *, email: str, key: str = "", most_ids: int = MOST_IDS, batch: int = BATCH
    ) -> None:
        self.most_ids = most_ids
        self.batch = batch
        self._service = service
        self._url = url.rstrip("/")
        self._identity = {"db": "pubmed", "retmode": "xml", "tool": "rounds", "email": email}
        if key:
            self._identity["api_key"] = key

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._service.__exit__(kind, error, trace)

    def search(self, term: str) -> Found:
        """Search PubMed; all PMIDs are shown if there are no more than `most_ids`.

        Raises:
            SourceUnavailable, SourceError: see `Service.post`; also a query that Entrez refuses.
        """
        return self._ask(
            "esearch",
            {"term": term, "usehistory": "y", "retmax": str(self.most_ids)},
            lambda reply: _found(reply, self.most_ids),
        )

    def fetch(self, found: Found, start: int, count: int) -> Citations:
        """Return `count` citations of a search from `start` on, from the history server.

        Raises:
            HistoryLost: it has them no longer.
        """
        fields = {"WebEnv": found.webenv, "query_key": found.query_key, "retstart": str(start), "retmax": str(count)}
        return self._ask("efetch", fields, _from_history)

    def fetch_pmids(self, pmids: Sequence[str]) -> Citations:
        """Return the citations of some PMIDs; those that Entrez does not know are missing without a word."""

        def read(reply: bytes) -> Citations:
            citations = _citations(reply)
            if not citations.pmids <= set(pmids):
                raise BadReply("citations that were not asked for")
            return citations

        return self._ask("efetch", {"id": ",".join(pmids)}, read)

    def _ask(self, program: str, fields: dict[str, str], read: Callable[[bytes], Answer]) -> Answer:
        return self._service.post(f"{self._url}/{program}.fcgi", {**self._identity, **fields}, read)


def open_entrez(settings: Settings, *, patience: Patience | None = None) -> Entrez:
    """Open the Entrez that the settings name.

    Raises:
        ConfigError: no e-mail address is set.
    """
    if not settings.entrez_email:
        raise ConfigError(
            "NCBI asks every program that searches PubMed for an e-mail address.",
            fix="set ROUNDS_ENTREZ_EMAIL to yours; ROUNDS_ENTREZ_API_KEY is optional",
        )
    key = settings.entrez_api_key.get_secret_value() if settings.entrez_api_key else ""
    limit = RateLimit("entrez", per_second=10 if key else 3, folder=settings.data / "turns")
    service = Service("Entrez", limit, address_setting="ROUNDS_ENTREZ_URL", patience=patience)
    return Entrez(service, settings.entrez_url, email=settings.entrez_email, key=key)


def _found(reply: bytes, most_ids: int) -> Found:
    root = _element(reply, "eSearchResult")
    count = root.findtext("Count") or ""
    if not count.isdecimal():
        raise BadReply("a search result without a count")
    found = Found(
        count=int(count),
        pmids=tuple(pmid.text or "" for pmid in root.iterfind("IdList/Id")),
        webenv=root.findtext("WebEnv") or "",
        query_key=root.findtext("QueryKey") or "",
        unknown_phrases=tuple(phrase.text or "" for phrase in root.iterfind("ErrorList/PhraseNotFound")),
    )
    if found.count <= most_ids and len(set(found.pmids)) != found.count:
        raise BadReply(f"a search result of {found.count} citations that shows {len(set(found.pmids))}")
    return found


def _citations(reply: bytes) -> Citations:
    try:
        root = _element(reply, "PubmedArticleSet")
    except SourceError as error:
        if NO_SUCH_IDS.search(error.what):
            return Citations(b"<PubmedArticleSet></PubmedArticleSet>", frozenset())
        raise
    numbers = (*root.iterfind("*/MedlineCitation/PMID"), *root.iterfind("*/BookDocument/PMID"))
    return Citations(reply, frozenset(number.text or "" for number in numbers))


def _from_history(reply: bytes) -> Citations:
    try:
        return _citations(reply)
    except (BadReply, SourceError) as error:
        if HISTORY.search(str(error)):
            raise HistoryLost from None
        raise


def _element(reply: bytes, expected: str) -> Any:
    """Return the root of a reply if it is the expected one.

    Raises:
        BadReply: it is not, and asking again may help.
        SourceError: it says what is wrong with the request.
    """
    start = reply[:200].lstrip().lower()
    if not start:
        raise BadReply("an empty reply")
    if start.startswith(b"{"):
        _refuse(_json_error(reply))
    if b"<html" in start or b"<!doctype html" in start:
        raise BadReply("an HTML page instead of XML")
    safe = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(reply, safe)
    except etree.XMLSyntaxError:
        raise BadReply("malformed or truncated XML") from None
    if error := root.findtext("ERROR"):
        _refuse(error)
    if root.tag != expected:
        raise BadReply(f"<{root.tag}> instead of <{expected}>")
    return root


def _json_error(reply: bytes) -> str:
    try:
        return str(orjson.loads(reply).get("error") or "JSON instead of XML")
    except orjson.JSONDecodeError:
        return "JSON instead of XML"


def _refuse(error: str) -> None:
    error = " ".join(error.split())[:200]
    if "api key" in error.lower() and "invalid" in error.lower():
        raise SourceError("Entrez does not know the API key.", fix="correct ROUNDS_ENTREZ_API_KEY, or leave it unset")
    if LASTING.search(error) or NO_SUCH_IDS.search(error):
        raise SourceError(f"Entrez refuses the request: {error}.", fix=FIX_QUERY)
    raise BadReply(f"the error {error!r}")
