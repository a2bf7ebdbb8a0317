"""What this machine has for a round, each lack with its fix."""

import importlib.metadata
import shutil
import subprocess
from collections.abc import Callable
from typing import NamedTuple

from infra import database, llama_cpp_sources
from infra.errors import RoundsError
from infra.settings import Settings, get_settings

DISK_NEEDED_GIB = 5  # the demo writes under 1 GiB; the rest is room for one more model


class Check(NamedTuple):
    """One thing that was looked at: whether it is as needed, what was seen, and what to do if not."""

    name: str
    ok: bool
    seen: str
    fix: str
    needed: bool = True


def examine(settings: Settings | None = None) -> list[Check]:
    """Look at compiler, GPU, disk, database, Prefect and the converter; a failing look is a finding."""
    settings = settings or get_settings()
    return [
        _compiler(),
        _gpu(),
        _disk(settings),
        _database(),
        _prefect(),
        _converter(),
    ]


def _compiler() -> Check:
    found = next((name for name in ("c++", "g++", "clang++") if shutil.which(name)), None)
    return Check("compiler", found is not None, found or "none", "apt-get install g++")


def _gpu() -> Check:
    if shutil.which("nvidia-smi") is None:
        return Check("GPU", False, "none; the CPU is used", "only needed for bases beyond builtin:tiny", needed=False)
    query = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    result = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    names = result.stdout.strip().replace("\n", "; ")
    return Check("GPU", result.returncode == 0, names or "nvidia-smi failed", "check the driver", needed=False)


def _disk(settings: Settings) -> Check:
    free = shutil.disk_usage(settings.data).free / 2**30
    fix = f"free {DISK_NEEDED_GIB} GiB, or set ROUNDS_DATA_DIR to a larger disk"
    return Check("disk", free >= DISK_NEEDED_GIB, f"{free:.0f} GiB free under {settings.data}", fix)


def _database() -> Check:
    return _attempt("database", lambda: "{server}, {place}".format(**_server()))


def _server() -> dict[str, str]:
    described = database.describe()
    return {"server": str(described["server_version"]), "place": "embedded" if described["embedded"] else "yours"}


def _prefect() -> Check:
    version = importlib.metadata.version("prefect")
    return Check("Prefect", version.startswith("3."), version, "make setup")


def _converter() -> Check:
    return _attempt("GGUF converter", lambda: str(llama_cpp_sources.find()))


def _attempt(name: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name, True, look(), "")
    except RoundsError as error:
        return Check(name, False, error.what, error.fix)
