"""How many cores this process may use: what its affinity allows, and no more than a container's quota pays for.

`os.cpu_count` counts the machine's. In a container with a quota of two cores on a machine of 64, as many threads would
be stopped for most of every period, and each waits for the slowest. Quotas are those of control groups, version 2 and
version 1 (`cpu.max`; `cpu.cfs_quota_us` and `cpu.cfs_period_us`; Linux, Documentation/admin-guide/cgroup-v2.rst and
Documentation/scheduler/sched-bwc.rst), of the process's own group and of those above it.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

GROUPS, MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def available_cores() -> int:
    """Return how many cores this process may use, at least 1; a part of one counts as one."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, math.ceil(min(allowed, quota())))


def quota(groups: Path = GROUPS, membership: Path = MEMBERSHIP) -> float:
    """Return how many cores' time the control groups of this process grant; infinite where none limits it."""
    return min((_quota_of(folder) for folder in _folders(groups, membership)), default=math.inf)


def _folders(groups: Path, membership: Path) -> Iterator[Path]:
    """Yield the folders of the process's groups that may limit cores, each with those above it.

    A container sees its own group as the root, and may be told a path outside of it that is not there.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = groups / controllers if controllers else groups
        own = root / path.lstrip("/")
        yield from (own, *(above for above in own.parents if above.is_relative_to(root)))


def _quota_of(folder: Path) -> float:
    try:
        if (folder / "cpu.max").exists():
            granted, period = (folder / "cpu.max").read_text(encoding="ascii").split()
        else:
            granted, period = (
                (folder / f"cpu.cfs_{name}_us").read_text(encoding="ascii").strip() for name in ("quota", "period")
            )
        return int(granted) / int(period) if int(granted) > 0 else math.inf
    except (OSError, ValueError):  # no such limit: `max`, or no file
        return math.inf
