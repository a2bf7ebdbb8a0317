"""The artifact store: content-addressed, complete or absent, closed where PHI may lie."""

import hashlib
import json
import os
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import fsspec
import pytest

from infra.artifacts import Artifact, ArtifactStore, Record, open_store
from infra.errors import ConfigError, StorageError

ROWS = [{"n": 1, "text": "fiction"}, {"n": 2, "text": "é ☤"}]


class Sample(Record):
    n: int
    text: str


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(str(tmp_path / "store"), tmp_path / "cache")


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[str]:
    url = f"memory://{tmp_path.name}"
    yield url
    fsspec.filesystem("memory").rm("/", recursive=True)


def staged(store: ArtifactStore) -> list[Path]:
    return list((store.root / ".tmp").iterdir())


def model_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "b").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "b" / "weights.bin").write_bytes(bytes(range(256)) * 100)
    return folder


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_come_back_as_they_went_in_and_the_file_is_named_for_its_sha256(store: ArtifactStore) -> None:
    artifact = store.save_rows("chats", ROWS)
    path = store.path(artifact)
    content = path.read_bytes()
    assert list(store.rows(artifact)) == ROWS == [json.loads(line) for line in content.splitlines()]
    assert artifact.sha256 == hashlib.sha256(content).hexdigest()
    assert artifact.key == f"chats/{artifact.sha256[:2]}/{artifact.sha256}.jsonl"
    assert (artifact.rows, artifact.bytes) == (2, len(content))
    assert staged(store) == []


def test_records_and_mappings_with_the_same_content_are_the_same_artifact(store: ArtifactStore) -> None:
    assert store.save_rows("a", [Sample.model_validate(row) for row in ROWS]) == store.save_rows("a", ROWS)


def test_saving_the_same_content_again_writes_nothing(store: ArtifactStore) -> None:
    path = store.path(store.save_rows("a", ROWS))
    os.utime(path, (1, 1))
    store.save_rows("a", ROWS)
    assert path.stat().st_mtime == 1


def test_no_rows_are_an_artifact_too(store: ArtifactStore) -> None:
    artifact = store.save_rows("a", [])
    assert (artifact.rows, artifact.bytes, list(store.rows(artifact))) == (0, 0, [])


def test_a_source_that_fails_leaves_nothing(store: ArtifactStore) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield ROWS[0]
        raise OSError(5, "the source's own trouble")

    with pytest.raises(OSError, match="own trouble"):
        store.save_rows("a", rows())
    assert staged(store) == []
    assert not (store.root / "a").exists()


@pytest.mark.parametrize("value", [object(), "half a pair \ud800", {1: 2}, {"deep": object()}])
def test_a_row_that_is_not_json_is_named_by_its_number_and_never_quoted(store: ArtifactStore, value: object) -> None:
    with pytest.raises(StorageError, match="Row 2 of 'a'") as caught:
        store.save_rows("a", [{"x": 1}, {"x": value}])
    assert "half" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert staged(store) == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.write_bytes(path.read_bytes().replace(b"1", b"7")), id="one byte changed"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-5]), id="cut short"),
        pytest.param(lambda path: path.unlink(), id="deleted"),
    ],
)
def test_changed_or_absent_content_is_an_error_before_the_first_row_and_saving_again_cures_it(
    store: ArtifactStore, damage: Any
) -> None:
    artifact = store.save_rows("a", ROWS)
    damage(store.path(artifact))
    with pytest.raises(StorageError, match="run again with --refresh"):
        store.rows(artifact)
    store.save_rows("a", ROWS)
    assert list(store.rows(artifact)) == ROWS


# ── files and folders ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("model.gguf", ".gguf"), ("a.tar.gz", ".gz"), ("README", ".bin"), ("odd.a b", ".bin"), (".hidden", ".bin")],
)
def test_a_file_keeps_its_suffix_and_later_changes_of_the_source_do_not_reach_it(
    store: ArtifactStore, tmp_path: Path, name: str, suffix: str
) -> None:
    source = tmp_path / name
    source.write_bytes(b"as it was")
    artifact = store.save_file("model", source)
    source.write_bytes(b"as it is!")
    assert artifact.key.endswith(artifact.sha256 + suffix)
    assert store.path(artifact).read_bytes() == b"as it was"
    assert artifact.sha256 == hashlib.sha256(b"as it was").hexdigest()


def test_a_folder_is_hashed_over_its_sorted_names_and_file_hashes(store: ArtifactStore, tmp_path: Path) -> None:
    artifact = store.save_folder("model", model_folder(tmp_path))
    weights = hashlib.sha256(bytes(range(256)) * 100).hexdigest()
    config = hashlib.sha256(b"{}").hexdigest()
    listing = f"b/weights.bin\0{weights}\nconfig.json\0{config}\n"
    assert artifact.sha256 == hashlib.sha256(listing.encode()).hexdigest()
    assert artifact.bytes == 25600 + 2
    assert (store.path(artifact) / "config.json").read_text() == "{}"
    assert store.save_folder("model", tmp_path / "model") == artifact
    assert staged(store) == []


def test_links_to_files_are_followed_and_links_to_folders_refused(store: ArtifactStore, tmp_path: Path) -> None:
    plain = model_folder(tmp_path)
    linked = tmp_path / "linked"
    (linked / "b").mkdir(parents=True)
    for name in ("config.json", "b/weights.bin"):
        (linked / name).symlink_to(plain / name)
    assert store.save_folder("model", linked) == store.save_folder("model", plain)
    (linked / "c").symlink_to(plain / "b")
    with pytest.raises(StorageError, match="link to no file"):
        store.save_folder("model", linked)
    assert staged(store) == []


def test_a_damaged_folder_is_noticed_and_cured_by_saving_it_again(store: ArtifactStore, tmp_path: Path) -> None:
    artifact = store.save_folder("model", model_folder(tmp_path))
    (store.path(artifact) / "config.json").unlink()
    with pytest.raises(StorageError, match="--refresh"):
        store.path(artifact)
    store.save_folder("model", tmp_path / "model")
    assert (store.path(artifact) / "config.json").exists()


def test_what_is_deleted_is_gone_and_deleting_it_again_is_no_error(store: ArtifactStore, tmp_path: Path) -> None:
    for artifact in (store.save_rows("a", ROWS), store.save_folder("model", model_folder(tmp_path))):
        assert store.exists(artifact)
        store.delete(artifact)
        store.delete(artifact)
        assert not store.exists(artifact)
    assert staged(store) == []


@pytest.mark.parametrize(
    "key", ["", ".", "/etc/passwd", "a/../../b", "../ab/" + "ab" * 32, "a/ab/" + "ab" * 31, "a/cd/" + "ab" * 32]
)
def test_a_key_of_another_form_is_refused_before_anything_is_touched(store: ArtifactStore, key: str) -> None:
    kept = store.save_rows("a", ROWS)
    with pytest.raises(StorageError, match="not an artifact's key"):
        store.delete(Artifact(key=key, sha256="ab" * 32, bytes=1))
    assert store.exists(kept)


@pytest.mark.parametrize("kind", ["", "../up", "a/b", ".tmp", "with space"])
def test_a_kind_that_is_no_plain_word_is_refused(store: ArtifactStore, kind: str) -> None:
    with pytest.raises(StorageError, match="a kind is letters"):
        store.save_rows(kind, ROWS)
    assert staged(store) == []


@pytest.mark.parametrize(("kind", "file_mode", "folder_mode"), [("raw-chats", 0o600, 0o700), ("chats", 0o644, 0o755)])
@pytest.mark.parametrize("url", ["{}/store", "file://{}/store"])
def test_raw_kinds_are_closed_to_other_users(
    tmp_path: Path, url: str, kind: str, file_mode: int, folder_mode: int
) -> None:
    store = ArtifactStore(url.format(tmp_path), tmp_path / "cache")
    before = os.umask(0o022)
    try:
        rows = store.path(store.save_rows(kind, ROWS))
        folder = store.path(store.save_folder(kind, model_folder(tmp_path)))
    finally:
        os.umask(before)
    assert rows.is_relative_to(tmp_path / "store")
    for path, mode in {
        rows: file_mode,
        rows.parent: folder_mode,
        rows.parent.parent: folder_mode,
        folder: folder_mode,
        folder / "b": folder_mode,
        folder / "b" / "weights.bin": file_mode,
    }.items():
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


def test_leftovers_of_killed_processes_go_after_a_day(tmp_path: Path) -> None:
    script = """
        import os, sys
        from pathlib import Path
        from infra.artifacts import ArtifactStore
        def rows():
            for n in range(100_000):
                yield {"n": n}
            os.kill(os.getpid(), 9)
        ArtifactStore(sys.argv[1], Path(sys.argv[1])).save_rows("a", rows())
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(script), str(tmp_path)], check=False)
    assert killed.returncode == -9
    (leftover,) = (tmp_path / ".tmp").iterdir()
    assert not (tmp_path / "a").exists()
    assert staged(ArtifactStore(str(tmp_path), tmp_path)) == [leftover]
    yesterday = time.time() - 25 * 3600
    os.utime(leftover, (yesterday, yesterday))
    assert staged(ArtifactStore(str(tmp_path), tmp_path)) == []


def _save_folder(places: tuple[str, Path]) -> Artifact:
    return ArtifactStore(places[0], Path(places[0])).save_folder("model", places[1])


def test_processes_that_save_the_same_folder_at_once_agree(tmp_path: Path) -> None:
    places = (str(tmp_path / "store"), model_folder(tmp_path))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        artifacts = set(pool.map(_save_folder, [places] * 8))
    assert len(artifacts) == 1
    store = ArtifactStore(places[0], tmp_path)
    assert store.exists(artifacts.pop())
    assert staged(store) == []


# ── a full disk ──────────────────────────────────────────────────────────────────────────────────────────────────

FILL = """
    import resource, sys
    from pathlib import Path
    from infra.artifacts import ArtifactStore
    from infra.errors import StorageError
    root, big, limit = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    store = ArtifactStore(str(root / "store"), root)
    if limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    saves = {
        "rows": lambda: store.save_rows("a", ({"n": n, "text": "x" * 1000} for n in range(10_000))),
        "file": lambda: store.save_file("a", big / "inner" / "big.bin"),
        "folder": lambda: store.save_folder("a", big),
    }
    for name, save in saves.items():
        try:
            save()
        except StorageError as error:
            assert not list((store.root / ".tmp").iterdir()), name
            print(name, error)
"""


def fill(root: Path, source: Path, limit: int) -> list[str]:
    (source / "inner").mkdir(parents=True)
    (source / "a.txt").write_text("small")
    (source / "inner" / "big.bin").write_bytes(bytes(8 << 20))
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FILL), str(root), str(source), str(limit)],
        check=True,
        capture_output=True,
        text=True,
    )
    assert [path for path in (root / "store").rglob("*") if path.is_file()] == []
    return ran.stdout.splitlines()


def test_a_file_size_limit_is_explained_and_nothing_half_written_is_left(tmp_path: Path) -> None:
    told = fill(tmp_path, tmp_path / "source", limit=3 << 20)
    assert [line.split()[0] for line in told] == ["rows", "file", "folder"]
    assert all(f"make room in {tmp_path / 'store'}" in line and "GiB free" in line for line in told)


def test_a_full_disk_is_explained_and_nothing_half_written_is_left(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", small], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("no right to mount a small tmpfs here")
    try:
        told = fill(small, tmp_path / "source", limit=0)
    finally:
        subprocess.run(["umount", "-l", small], check=True)
    assert [line.split()[0] for line in told] == ["rows", "file", "folder"]
    assert all("No space left on device" in line and "make room in" in line for line in told)


def test_a_store_that_cannot_be_made_names_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match=r"file/store.*GiB free"):
        ArtifactStore(str(tmp_path / "file" / "store"), tmp_path)


# ── remote ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_remote_store_gives_what_another_machine_saved(tmp_path: Path, remote: str) -> None:
    here, there = ArtifactStore(remote, tmp_path / "here"), ArtifactStore(remote, tmp_path / "there")
    rows, folder = here.save_rows("raw-a", ROWS), here.save_folder("model", model_folder(tmp_path))
    assert there.exists(rows)
    assert list(there.rows(rows)) == ROWS
    assert stat.S_IMODE(there.path(rows).stat().st_mode) == 0o600
    assert (there.path(folder) / "b" / "weights.bin").read_bytes() == bytes(range(256)) * 100
    assert fsspec.filesystem("memory").ls(f"/{tmp_path.name}/.tmp") == []
    assert staged(there) == []
    here.delete(rows)
    here.delete(folder)
    assert not here.exists(rows)
    assert not there.exists(folder)


def test_remote_content_that_was_changed_is_refused_at_the_download(tmp_path: Path, remote: str) -> None:
    artifact = ArtifactStore(remote, tmp_path / "here").save_rows("a", ROWS)
    content = b"x" * artifact.bytes
    fsspec.filesystem("memory").pipe_file(f"/{tmp_path.name}/{artifact.key}", content)
    there = ArtifactStore(remote, tmp_path / "there")
    with pytest.raises(StorageError, match="changed after it was written"):
        there.path(artifact)
    assert staged(there) == []


def test_a_remote_folder_whose_upload_was_cut_off_does_not_exist(tmp_path: Path, remote: str) -> None:
    artifact = ArtifactStore(remote, tmp_path / "here").save_folder("model", model_folder(tmp_path))
    files = fsspec.filesystem("memory")
    files.rm(f"/{tmp_path.name}/{artifact.key}.manifest")
    there = ArtifactStore(remote, tmp_path / "there")
    assert not there.exists(artifact)
    with pytest.raises(StorageError, match="is not in"):
        there.path(artifact)


def test_cut_off_uploads_are_cleared_after_a_day(tmp_path: Path, remote: str) -> None:
    files, now = fsspec.filesystem("memory"), int(time.time())
    for begun in (now, now - 25 * 3600):
        files.pipe_file(f"/{tmp_path.name}/.tmp/{begun}-abc", b"part")
    ArtifactStore(remote, tmp_path / "here")
    assert files.ls(f"/{tmp_path.name}/.tmp", detail=False) == [f"/{tmp_path.name}/.tmp/{now}-abc"]


def test_a_protocol_that_nobody_installed_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rounds\[cloud\]") as caught:
        ArtifactStore("nosuch://user:geheim@bucket", tmp_path)
    assert "geheim" not in str(caught.value)


def test_the_settings_say_where_the_store_is(data_dir: Path) -> None:
    assert open_store().root == data_dir / "artifacts"
