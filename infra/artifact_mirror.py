"""The remote side of the artifact store: any fsspec file system.

A file is put under a temporary name and moved. Object stores cannot move a folder in one piece, so a folder's files
are put one by one and its manifest last: a folder without a manifest does not exist.
"""

import contextlib
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import fsspec
import orjson
from fsspec.implementations.local import LocalFileSystem

from infra.errors import ConfigError, StorageError


class Manifest(NamedTuple):
    """The files of a folder by relative name, and their bytes together."""

    bytes: int
    files: list[str]


class ArtifactMirror:
    """Artifacts at an fsspec URL, by key. A key without a suffix is a folder's.

    Raises:
        ConfigError: no file system is installed for the URL's protocol.
    """

    def __init__(self, url: str) -> None:
        protocol = url.partition("://")[0]
        try:
            self._files, self._root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ConfigError(
                f"No file system is installed for the artifact store {protocol}://….",
                fix="pip install 'rounds[cloud]', or set ROUNDS_ARTIFACTS_URL to a folder",
            ) from error
        self.url = f"{protocol}://{self._root}"  # without the password that a URL may carry

    @property
    def folder(self) -> Path | None:
        """The folder that the URL names, where it names one of this machine."""
        return Path(self._root) if isinstance(self._files, LocalFileSystem) else None

    def exists(self, key: str) -> bool:
        """Tell whether the artifact is there, complete."""
        with self._explained():
            return bool(self._files.exists(self._commit(key)))

    def upload(self, local: Path, key: str, size: int) -> None:
        """Bring a local file or folder to the mirror, unless it is there with the same size in bytes."""
        if self._size(key) == size:
            return
        with self._explained():
            if local.is_file():
                self._put(local, self._at(key))
                return
            names = sorted(path.relative_to(local).as_posix() for path in local.rglob("*") if path.is_file())
            for name in names:
                self._put(local / name, f"{self._at(key)}/{name}")
            manifest = orjson.dumps(Manifest(size, names)._asdict())
            self._files.makedirs(self._parent(self._at(key)), exist_ok=True)
            self._files.pipe_file(self._commit(key), manifest)

    def download(self, key: str, target: Path, *, private: bool) -> bool:
        """Bring a file or folder to `target`, closed to other users if `private`. False if the mirror has it not."""
        if not self.exists(key):
            return False
        with self._explained():
            if self._commit(key) == self._at(key):
                self._get(self._at(key), target, private=private)
                return True
            target.mkdir(mode=0o700 if private else 0o777)
            for name in self._manifest(key).files:
                place = target / name
                place.parent.mkdir(parents=True, exist_ok=True)
                self._get(f"{self._at(key)}/{name}", place, private=private)
        return True

    def delete(self, key: str) -> None:
        """Remove the artifact, a folder's manifest first."""
        with self._explained():
            for place in dict.fromkeys((self._commit(key), self._at(key))):
                with contextlib.suppress(FileNotFoundError):
                    self._files.rm(place, recursive=True)

    def remove_leftovers(self, oldest: float) -> None:
        """Remove uploads that were begun before `oldest` (Unix seconds) and never named."""
        with self._explained():
            try:
                entries = self._files.ls(self._at(".tmp"), detail=False)
            except FileNotFoundError:
                return
            for entry in entries:
                begun = entry.rstrip("/").rpartition("/")[2].partition("-")[0]
                if begun.isdigit() and int(begun) < oldest:
                    with contextlib.suppress(FileNotFoundError):
                        self._files.rm(entry)

    def _put(self, local: Path, place: str) -> None:
        # The time is in the name because not every object store tells when something was written.
        temporary = self._at(f".tmp/{int(time.time())}-{uuid.uuid4().hex}")
        for name in (temporary, place):
            self._files.makedirs(self._parent(name), exist_ok=True)
        try:
            self._files.put_file(str(local), temporary)
            self._files.mv(temporary, place)
        except BaseException:
            with contextlib.suppress(OSError):
                self._files.rm(temporary)
            raise

    def _get(self, place: str, target: Path, *, private: bool) -> None:
        if private:
            target.touch(mode=0o600)
        self._files.get_file(place, str(target))

    def _size(self, key: str) -> int | None:
        with self._explained():
            try:
                if self._commit(key) == self._at(key):
                    return int(self._files.size(self._at(key)))
                return self._manifest(key).bytes
            except FileNotFoundError:
                return None

    def _manifest(self, key: str) -> Manifest:
        return Manifest(**orjson.loads(self._files.cat_file(self._commit(key))))

    def _commit(self, key: str) -> str:
        """Return what must exist for the artifact to exist: the file itself, or the folder's manifest."""
        return self._at(key) if "." in key.rpartition("/")[2] else self._at(key) + ".manifest"

    def _at(self, key: str) -> str:
        return f"{self._root.rstrip('/')}/{key}"

    @staticmethod
    def _parent(place: str) -> str:
        return place.rpartition("/")[0]

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StorageError(
                f"The artifact store {self.url} did not take or give an artifact: {reason}.",
                fix="check ROUNDS_ARTIFACTS_URL, its credentials, its free space and the disk here, then run again",
            ) from error
