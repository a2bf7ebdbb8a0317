"""Collect the papers of several PubMed files: of each PMID its latest version, less what was deleted or retracted."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from tasks.ingest.intake import Intake
from tasks.ingest.pubmed_xml import DELETED, SOURCE, read_citations


def collect_documents(paths: Sequence[Path], intake: Intake) -> Iterator[dict[str, Any]]:
    """Yield one `Document` row a PMID; `intake` is complete when the last one was yielded.

    Files are read in the given order, as update files must be. A higher version, or the same version again, replaces
    what came before; a retraction, a deletion or a version without an abstract removes it. Rows wait in a temporary
    file, so that memory holds a number a PMID and no text.

    Raises:
        SourceError: a file is no PubMed XML, or is broken before its first citation.
    """
    latest: dict[str, tuple[int, int]] = {}  # PMID → (version, its line in the spool, -1 where it was removed)
    lines = 0
    with tempfile.TemporaryFile() as spool:
        for citation in (c for path in paths for c in read_citations(path, intake)):
            if citation.reason == "retracted":
                intake.retracted += 1
                intake.withdraw(SOURCE, citation.pmid, "retracted")
            elif citation.reason:
                intake.reject(citation.reason, source=SOURCE, source_id=citation.pmid)
            version, line = latest.get(citation.pmid, (0, -1))
            if citation.version < version and citation.document:
                intake.reject("superseded", source=SOURCE, source_id=citation.pmid)
            if citation.version < version and citation.reason != DELETED:
                continue
            if line >= 0 and citation.document:
                intake.reject("superseded", source=SOURCE, source_id=citation.pmid)
            latest[citation.pmid] = (citation.version, lines if citation.document else -1)
            if citation.document:
                spool.write(orjson.dumps(citation.document.model_dump()) + b"\n")
                lines += 1
        kept = {line for _, line in latest.values() if line >= 0}
        spool.seek(0)
        yield from (orjson.loads(row) for line, row in enumerate(spool) if line in kept)
