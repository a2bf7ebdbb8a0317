"""llama.cpp's own converter, of the very version that the installed llama-cpp-python was built from.

The wheel carries the libraries alone; its source distribution carries the whole llama.cpp tree. Set-up
(`python -m infra.llama_cpp_sources`) fetches that distribution once with pip and unpacks what converts models beside
the environment, so that converter and libraries cannot drift apart. It builds nothing.
"""

import logging
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from importlib import metadata, util
from pathlib import Path, PurePosixPath

from infra.errors import ConfigError
from infra.settings import get_settings

logger = logging.getLogger(__name__)

PACKAGE = "llama-cpp-python"
CONVERTER = "convert_hf_to_gguf.py"
NEEDED = frozenset({CONVERTER, "convert_lora_to_gguf.py", "conversion", "gguf-py", "LICENSE"})
SET_UP = "run `python -m infra.llama_cpp_sources`, or set ROUNDS_LLAMA_CPP_DIR to a llama.cpp checkout"


def installed_version() -> str:
    """Return the version of llama-cpp-python, which pins that of llama.cpp.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        return metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        raise ConfigError(f"{PACKAGE} is not installed.", fix="run `make` (it needs a C++ compiler)") from None


def unpacked_folder() -> Path:
    """Return where set-up puts the sources: under the environment that Python runs in, not under the project."""
    return Path(sysconfig.get_path("data")) / "share" / "rounds" / f"llama.cpp-{installed_version()}"


def find() -> Path:
    """Return the folder that holds `convert_hf_to_gguf.py`.

    Raises:
        ConfigError: neither the setting's folder nor the unpacked one holds it.
    """
    folder = get_settings().llama_cpp_dir or unpacked_folder()
    if not (folder / CONVERTER).is_file():
        raise ConfigError(f"No {CONVERTER} in {folder}.", fix=SET_UP)
    return folder.absolute()


def set_up() -> Path:
    """Fetch and unpack the sources unless they are there; return their folder.

    Raises:
        ConfigError: pip is missing, or the distribution cannot be fetched or lacks the converter.
    """
    folder = unpacked_folder()
    if (folder / CONVERTER).is_file():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".llama.cpp-", dir=folder.parent) as scratch:
        unpack(download(Path(scratch)), folder)
    return folder


def download(into: Path) -> Path:
    """Fetch the source distribution of the installed version (about 77 MB) with pip and return the archive.

    pip asks the package's build backend for metadata, which takes seconds and compiles nothing.
    """
    wanted = f"{PACKAGE}=={installed_version()}"
    command = [*_pip(), "download", "--quiet", "--no-deps", "--no-binary", PACKAGE, "--dest", str(into), wanted]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    archives = sorted(into.glob("*.tar.gz"))
    if done.returncode or not archives:
        said = (done.stderr.strip().splitlines() or ["nothing"])[-1]
        raise ConfigError(f"pip could not fetch the sources of {wanted}; it said: {said}", fix=SET_UP)
    return archives[0]


def unpack(archive: Path, folder: Path) -> None:
    """Unpack what converts models from a source distribution into `folder`, which appears whole or not at all.

    Raises:
        ConfigError: the archive cannot be read, or holds no converter.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".llama.cpp-", dir=folder.parent) as scratch:
        fresh = Path(scratch) / "llama.cpp"
        try:
            with tarfile.open(archive) as tar:
                for member in tar:
                    _extract(tar, member, fresh)
        except (OSError, tarfile.TarError, EOFError) as error:
            raise ConfigError(f"{archive.name} could not be unpacked: {error}.", fix=SET_UP) from error
        if not (fresh / CONVERTER).is_file():
            raise ConfigError(f"{archive.name} holds no vendor/llama.cpp/{CONVERTER}.", fix=SET_UP)
        if (folder / CONVERTER).is_file():
            return  # another set-up was faster
        shutil.rmtree(folder, ignore_errors=True)  # what a copy made by hand may have left unfinished
        fresh.rename(folder)


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, fresh: Path) -> None:
    """Write one member of the archive below `fresh` if it is a file that converting needs.

    By hand, because Debian's Python 3.11.2 has no extraction filter yet.

    Raises:
        TarError: its name leads outside.
    """
    match PurePosixPath(member.name).parts:
        case (_, "vendor", "llama.cpp", first, *rest) if first in NEEDED and member.isfile():
            if ".." in rest:
                raise tarfile.TarError("a path leads outside")
            target = fresh.joinpath(first, *rest)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = tar.extractfile(member)
            if content is not None:
                with content, target.open("wb") as file:
                    shutil.copyfileobj(content, file)


def _pip() -> list[str]:
    """Return how to call pip for this environment; one made by uv has none inside."""
    if util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if outside := shutil.which("pip") or shutil.which("pip3"):
        return [outside, "--python", sys.executable]
    raise ConfigError("There is no pip to fetch llama.cpp's sources with.", fix=SET_UP)


def main() -> int:
    """Set up and say where the sources are; return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        logger.info("llama.cpp's converter: %s", set_up())
    except ConfigError as error:
        logger.error("%s", error)  # noqa: TRY400 - the message is for a person, without a traceback
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
