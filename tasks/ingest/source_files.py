"""How every reader opens what others wrote: packed or not, and as XML that can reach nothing."""

import gzip
import io
from pathlib import Path
from typing import Any

SourceStream = gzip.GzipFile | io.BufferedReader

# Nothing from the network, no declared entity expanded; libxml2's size limits stay on.
SAFE_XML: dict[str, Any] = {"load_dtd": False, "no_network": True, "resolve_entities": False}
SAFE_PLAIN_XML: dict[str, Any] = SAFE_XML | {"remove_comments": True, "remove_pis": True}


def open_source(path: Path) -> SourceStream:
    """Open a file for reading, unpacked: a name may lie, the magic does not."""
    with path.open("rb") as file:
        magic = file.read(2)
    return gzip.open(path) if magic == b"\x1f\x8b" else path.open("rb")
