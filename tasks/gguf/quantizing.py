"""Quantisation of a 16-bit GGUF file by llama.cpp itself, in process. Importance matrices are not covered yet."""

import ctypes
import logging
import re
from collections import deque
from pathlib import Path

import llama_cpp

from infra.settings import get_settings
from tasks.errors import DeploymentError

logger = logging.getLogger(__name__)

_said: deque[str] = deque(maxlen=400)
FTYPE = re.compile(r"LLAMA_FTYPE_(?:MOSTLY_|ALL_)(\w+)")
BUFFER_BYTES = 1 << 30  # rows held in memory at once; llama.cpp's default of 8 GiB is more than many machines have

QUANTISATIONS: dict[str, int] = {
    found[1]: getattr(llama_cpp, name) for name in dir(llama_cpp) if (found := FTYPE.fullmatch(name))
}


def _keep(level: int, text: bytes, user_data: ctypes.c_void_p) -> None:
    """Keep llama.cpp's lines instead of printing them."""
    _said.append(text.decode("utf-8", "replace"))


_listen = llama_cpp.llama_log_callback(_keep)  # a global of the module, because C holds no reference to it


def check_quantisations(names: tuple[str, ...]) -> None:
    """Raise DeploymentError for a type that llama.cpp does not have; the error lists those it has."""
    if unknown := sorted(set(names) - QUANTISATIONS.keys()):
        known = ", ".join(QUANTISATIONS)
        raise DeploymentError(f"Unknown quantisation {', '.join(unknown)}.", fix=f"choose among {known}")


def quantize(source: Path, target: Path, quantisation: str) -> None:
    """Write `source` (16 or 32 bit) as `target` in the named type; rows that a K-quant cannot divide are reported.

    Raises:
        DeploymentError: the type is unknown, or llama.cpp failed; its last line is quoted.
    """
    check_quantisations((quantisation,))
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = QUANTISATIONS[quantisation]
    params.nthread = get_settings().threads
    params.max_buf_size = BUFFER_BYTES
    _said.clear()
    llama_cpp.llama_log_set(_listen, ctypes.c_void_p(0))
    failed = llama_cpp.llama_model_quantize(bytes(source), bytes(target), ctypes.byref(params))
    lines = "".join(_said).splitlines()
    if failed:
        target.unlink(missing_ok=True)
        said = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        fix = "check free disk space, and export the model again if the 16-bit file was cut"
        raise DeploymentError(f"llama.cpp could not write {quantisation}; it said: {said}", fix=fix)
    _report(lines, target, quantisation)


def _report(lines: list[str], target: Path, quantisation: str) -> None:
    """Log the size, and how many tensors took another type because their rows are no multiple of 256."""
    logger.info("quantised type=%s bytes=%d", quantisation, target.stat().st_size)
    if fallen := sum("falling back to" in line for line in lines):
        logger.warning("quantised type=%s tensors_in_another_type=%d (rows no multiple of 256)", quantisation, fallen)
