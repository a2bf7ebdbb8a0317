"""How much energy a run took: counted by an NVIDIA GPU itself, or estimated from cores and time.

A GPU of the Volta generation or later counts what its board draws, and the driver's library tells it (NVML,
`nvmlDeviceGetTotalEnergyConsumption`); the rest of the machine is not in it. Without a GPU, the cores that compute are
taken to draw `CORE_WATTS` each all the time. Cooling and idle machines are not covered, and neither is what a killed
run used before it went on.
"""

import ctypes
import time
from typing import NamedTuple

import torch

CORE_WATTS = 10.0  # a server CPU's rated power over its cores: 205 W / 20, 270 W / 28, 350 W / 32
JOULES_A_KWH = 3_600_000
NVML = "libnvidia-ml.so.1"  # comes with the driver


class Energy(NamedTuple):
    """What a run used, and how that is known; `kwh` is None where nothing can tell."""

    kwh: float | None
    how: str


class Meter:
    """Counts from its making on: made before a run, read after it."""

    def __init__(self, device: str) -> None:
        self._on_gpu = device == "cuda"
        self._began = time.perf_counter()
        self._counted = gpu_joules() if self._on_gpu else None

    def read(self) -> Energy:
        """Return the energy since the meter was made."""
        if not self._on_gpu:
            cores, seconds = torch.get_num_threads(), time.perf_counter() - self._began
            how = f"assumed: {cores} CPU cores of {CORE_WATTS:.0f} W each"
            return Energy(cores * CORE_WATTS * seconds / JOULES_A_KWH, how)
        now = gpu_joules()
        if now is None or self._counted is None:
            return Energy(None, "the GPU does not count its energy")
        cards = f"{torch.cuda.device_count()} × {torch.cuda.get_device_name(0)}"
        return Energy((now - self._counted) / JOULES_A_KWH, f"counted by {cards}")


def gpu_joules() -> float | None:
    """Return what the visible GPUs have drawn since the driver was loaded; None where that is not told."""
    try:
        nvml = ctypes.CDLL(NVML)
    except OSError:
        return None
    if nvml.nvmlInit_v2() != 0:
        return None
    total = 0
    for index in range(torch.cuda.device_count()):
        handle, millijoules = ctypes.c_void_p(), ctypes.c_ulonglong()
        uuid = f"GPU-{torch.cuda.get_device_properties(index).uuid}".encode()
        if nvml.nvmlDeviceGetHandleByUUID(uuid, ctypes.byref(handle)) != 0:
            return None
        if nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(millijoules)) != 0:
            return None
        total += millijoules.value
    return total / 1000
