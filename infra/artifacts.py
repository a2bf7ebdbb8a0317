"""Content-addressed artifact store: a folder, or any fsspec URL with a folder as its cache.

An artifact is written under a temporary name in the same folder and renamed, so one that exists is complete. Its name
is the SHA-256 of its content, so it is written once and never changed. Kinds that begin with `raw` may hold protected
health information: their files are readable by their owner alone.
"""

import contextlib
import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from pydantic import BaseModel, ConfigDict, Field

from infra.artifact_content import content_sha256, files_of, json_line, read_lines, remove, size_of
from infra.artifact_mirror import ArtifactMirror
from infra.errors import StorageError
from infra.settings import Settings, get_settings
from infra.storage_errors import cannot_write, damaged, missing

PRIVATE = ("raw", "rejects")  # kinds whose files only their owner may read
KEY = re.compile(r"(?P<kind>[A-Za-z0-9][\w-]*)/(?P<two>[0-9a-f]{2})/(?P=two)[0-9a-f]{62}(\.[A-Za-z0-9_-]+)?")
CHUNK_BYTES = 1 << 20
LEFTOVER_SECONDS = 24 * 3600


class Record(BaseModel):
    """A frozen record that refuses unknown fields and never echoes a rejected value, which may be PHI."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Artifact(Record):
    """A file or folder in the artifact store, named for the SHA-256 of its content and written once."""

    key: str = Field(description="place within the store: kind/ab/abcdef….suffix; a folder has no suffix")
    sha256: str
    bytes: int
    rows: int | None = None


class ArtifactStore:
    """Saves, finds and checks artifacts; safe to use from several processes at once.

    Args:
        url: a folder, or an fsspec URL (`s3://bucket/rounds`, `file:///…`, `memory://…`).
        cache: folder for local copies where `url` is remote; not used for a folder.

    Raises:
        ConfigError: no file system is installed for the URL's protocol.
        StorageError: the folder cannot be made or written.
    """

    def __init__(self, url: str, cache: Path) -> None:
        self._mirror = ArtifactMirror(url) if "://" in url else None
        if self._mirror is not None and self._mirror.folder is not None:
            # A folder written as a URL is a folder: only there do the closed permissions of raw kinds hold.
            url, self._mirror = str(self._mirror.folder), None
        self.root = Path(url).expanduser().absolute() if self._mirror is None else cache.absolute()
        self._staging = self.root / ".tmp"
        try:
            self._staging.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise cannot_write(self.root, error) from error
        self._remove_leftovers()

    def save_rows(self, kind: str, rows: Iterable[Mapping[str, object] | BaseModel]) -> Artifact:
        """Write rows as JSON lines, one by one as they come, and count them.

        Raises:
            StorageError: the disk refused, or a row is not JSON; nothing half-written is left.
        """
        digest, count, size = hashlib.sha256(), 0, 0
        with self._staged() as staged, self._open(staged, kind) as file:
            for count, row in enumerate(rows, start=1):  # the last count is the number of rows
                line = json_line(row, kind, count)
                digest.update(line)
                size += len(line)
                try:
                    file.write(line)
                except OSError as error:
                    raise cannot_write(self.root, error) from error
            self._finish(file)
            return self._publish(staged, kind, digest.hexdigest(), ".jsonl", size, rows=count)

    def save_file(self, kind: str, path: Path) -> Artifact:
        """Copy a file in, whatever becomes of it afterwards; its suffix stays, and one without gets `.bin`.

        Raises:
            StorageError: the file cannot be read or the disk refused; nothing half-written is left.
        """
        suffix = path.suffix if re.fullmatch(r"\.[A-Za-z0-9_-]+", path.suffix) else ".bin"
        with self._staged() as staged:
            digest, size = self._copy(path, staged, kind)
            return self._publish(staged, kind, digest, suffix, size)

    def save_folder(self, kind: str, path: Path) -> Artifact:
        """Copy a folder's files in, links to files followed; empty folders are not kept.

        Raises:
            StorageError: no such folder, a link to a folder in it, or the disk refused; nothing half-written is left.
        """
        total = 0
        with self._staged() as staged:
            self._make_folder(staged, kind)
            for file in files_of(path):
                target = staged / file.relative_to(path)
                for parent in reversed(target.relative_to(staged).parents):
                    self._make_folder(staged / parent, kind)
                total += self._copy(file, target, kind)[1]
            return self._publish(staged, kind, content_sha256(staged), "", total)

    def rows(self, artifact: Artifact) -> Iterator[dict[str, Any]]:
        """Yield the rows of an artifact that `save_rows` made, after its whole content was checked.

        Raises:
            StorageError: at the call, not at the first row: it is absent, or its content is not what its hash says.
        """
        path = self.path(artifact)
        try:
            if content_sha256(path) != artifact.sha256:
                raise damaged(artifact.key, path)
        except OSError as error:
            raise missing(artifact.key, self.root) from error
        return read_lines(path)

    def path(self, artifact: Artifact) -> Path:
        """Return the local path of a file or folder, downloaded if the store is remote. Never write to it.

        The size is always checked, the hash only at a download: hashing a large model at every use costs seconds.

        Raises:
            StorageError: it is absent, cannot be had, or is not what its name says.
        """
        local = self._local(artifact.key)
        if not local.exists() and self._mirror is not None:
            self._download(artifact, local)
        if not local.exists():
            raise missing(artifact.key, self.root)
        if size_of(local) != artifact.bytes:
            raise damaged(artifact.key, local)
        return local

    def exists(self, artifact: Artifact) -> bool:
        """Tell whether the store, not merely the cache, holds it."""
        local = self._local(artifact.key)
        return local.exists() if self._mirror is None else self._mirror.exists(artifact.key)

    def delete(self, artifact: Artifact) -> None:
        """Remove it from the store and the cache; one that is not there is no error.

        Raises:
            StorageError: the store refused.
        """
        local = self._local(artifact.key)
        try:
            if local.exists():
                # A folder is renamed first: one that is half deleted must not be found under its name.
                doomed = self._staging / uuid.uuid4().hex
                local.rename(doomed)
                remove(doomed)
        except OSError as error:
            raise cannot_write(self.root, error) from error
        if self._mirror is not None:
            self._mirror.delete(artifact.key)

    def clear(self, kind: str) -> None:
        """Remove every artifact of a kind from the store and the cache.

        Raises:
            StorageError: the store refused.
        """
        folder = self.root / kind
        try:
            if folder.exists():
                doomed = self._staging / uuid.uuid4().hex
                folder.rename(doomed)
                remove(doomed)
        except OSError as error:
            raise cannot_write(self.root, error) from error
        if self._mirror is not None:
            self._mirror.delete(kind)

    # ── staging ──────────────────────────────────────────────────────────────────────────────────────────────────

    @contextlib.contextmanager
    def _staged(self) -> Iterator[Path]:
        staged = self._staging / uuid.uuid4().hex
        try:
            yield staged
        finally:
            remove(staged)

    @contextlib.contextmanager
    def _open(self, path: Path, kind: str) -> Iterator[IO[bytes]]:
        mode = 0o600 if kind.startswith(PRIVATE) else 0o666
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            file = os.fdopen(descriptor, "wb", buffering=CHUNK_BYTES)
        except OSError as error:
            raise cannot_write(self.root, error) from error
        try:
            yield file
        finally:
            # After a full disk, closing tries to write what is buffered and fails a second time.
            with contextlib.suppress(OSError):
                file.close()

    def _finish(self, file: IO[bytes]) -> None:
        try:
            file.flush()
            os.fsync(file.fileno())
        except OSError as error:
            raise cannot_write(self.root, error) from error

    def _copy(self, source: Path, target: Path, kind: str) -> tuple[str, int]:
        """Copy, never link: a hard link would change with its source. Returns SHA-256 and bytes of what was written."""
        digest, size = hashlib.sha256(), 0
        try:
            reading = source.open("rb")
        except OSError as error:
            raise StorageError(f"{source} cannot be read: {error.strerror}.", fix="check the path") from error
        with reading, self._open(target, kind) as file:
            try:
                while chunk := reading.read(CHUNK_BYTES):
                    digest.update(chunk)
                    size += file.write(chunk)
            except OSError as error:
                raise cannot_write(self.root, error) from error
            self._finish(file)
        return digest.hexdigest(), size

    def _make_folder(self, folder: Path, kind: str) -> None:
        try:
            folder.mkdir(exist_ok=True)
            if kind.startswith(PRIVATE):
                folder.chmod(0o700)
        except OSError as error:
            raise cannot_write(self.root, error) from error

    # ── publishing ───────────────────────────────────────────────────────────────────────────────────────────────

    def _publish(
        self, staged: Path, kind: str, sha256: str, suffix: str, size: int, *, rows: int | None = None
    ) -> Artifact:
        """Give what was staged its name, unless the same content already has it; then bring it to the mirror."""
        artifact = Artifact(key=f"{kind}/{sha256[:2]}/{sha256}{suffix}", sha256=sha256, bytes=size, rows=rows)
        local = self._local(artifact.key)
        for folder in (local.parent.parent, local.parent):
            self._make_folder(folder, kind)
        try:
            self._name(staged, local, sha256)
        except OSError as error:
            raise cannot_write(self.root, error) from error
        if self._mirror is not None:
            self._mirror.upload(local, artifact.key, size)
        return artifact

    def _name(self, staged: Path, local: Path, sha256: str) -> None:
        if local.exists():
            if content_sha256(local) == sha256:
                return
            remove(local)  # damaged since it was written: saving the same content again is the cure
        try:
            staged.rename(local)
        except OSError:
            if not local.is_dir():  # another process named the same folder in the same moment
                raise

    def _download(self, artifact: Artifact, local: Path) -> None:
        assert self._mirror is not None
        kind = artifact.key.partition("/")[0]
        with self._staged() as staged:
            if not self._mirror.download(artifact.key, staged, private=kind.startswith(PRIVATE)):
                return
            if content_sha256(staged) != artifact.sha256:
                raise damaged(artifact.key, self._mirror.url)
            for folder in (local.parent.parent, local.parent):
                self._make_folder(folder, kind)
            try:
                self._name(staged, local, artifact.sha256)
            except OSError as error:
                raise cannot_write(self.root, error) from error

    def _local(self, key: str) -> Path:
        """Return a key's local place; a key of another form could point outside the store."""
        if not KEY.fullmatch(key):
            raise StorageError(f"{key!r} is not an artifact's key.", fix="a kind is letters, digits, '-' and '_'")
        return self.root / key

    def _remove_leftovers(self) -> None:
        """Remove what killed processes left, once it is a day old: half-written files, and raw ones.

        Raw artifacts in a remote store are left to its own rules of expiry.
        """
        oldest = time.time() - LEFTOVER_SECONDS
        for leftover in (*self._staging.iterdir(), *self.root.glob("raw*/*/*")):
            with contextlib.suppress(FileNotFoundError):
                if leftover.stat().st_mtime < oldest:
                    remove(leftover)
        if self._mirror is not None:
            self._mirror.remove_leftovers(oldest)


def open_store(settings: Settings | None = None) -> ArtifactStore:
    """Open the store that the settings name: `artifacts_url`, or a folder under the data folder."""
    settings = settings or get_settings()
    url = settings.artifacts_url or str(settings.data / "artifacts")
    return ArtifactStore(url, cache=settings.data / "artifact-cache")
