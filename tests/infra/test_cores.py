"""How many cores a process may use, beside the kernel's own affinity and made-up control groups."""

import math
import os
from pathlib import Path

import pytest

from infra import cores


def written(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content + "\n")
    return root


@pytest.mark.parametrize(
    ("membership", "files", "granted", "why"),
    [
        ("0::/", {"cpu.max": "150000 100000"}, 1.5, "a container sees its own group as the root"),
        ("0::/", {"cpu.max": "max 100000"}, math.inf, "no limit"),
        ("0::/", {}, math.inf, "the machine's root group has no such file"),
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, 2, "a group above limits"),
        ("0::/a/b", {"a/b/cpu.max": "50000 100000", "a/cpu.max": "200000 100000"}, 0.5, "the smallest holds"),
        ("0::/../../elsewhere", {"cpu.max": "300000 100000"}, 3, "a path outside of the container"),
        (
            "3:cpuset:/\n2:cpu,cpuacct:/box",
            {"cpu,cpuacct/box/cpu.cfs_quota_us": "400000", "cpu,cpuacct/box/cpu.cfs_period_us": "100000"},
            4,
            "version 1",
        ),
        (
            "1:cpu:/docker/0123",
            {"cpu/cpu.cfs_quota_us": "250000", "cpu/cpu.cfs_period_us": "100000"},
            2.5,
            "version 1, seen from inside, where the path is not there",
        ),
        ("1:cpu:/", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, math.inf, "version 1, no limit"),
        ("4:memory:/x", {"cpu.max": "100000 100000"}, math.inf, "another controller's group"),
    ],
)
def test_the_quota_is_that_of_the_processs_control_groups(
    tmp_path: Path, membership: str, files: dict[str, str], granted: float, why: str
) -> None:
    groups = written(tmp_path / "cgroup", files)
    (tmp_path / "membership").write_text(membership + "\n")
    assert cores.quota(groups, tmp_path / "membership") == granted, why


def test_no_limit_where_there_are_no_control_groups(tmp_path: Path) -> None:
    assert cores.quota(tmp_path, tmp_path / "none") == math.inf


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="Linux alone binds processes to cores")
def test_affinity_and_quota_both_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.sched_getaffinity(0)
    monkeypatch.setattr(cores, "quota", lambda: math.inf)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert cores.available_cores() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert cores.available_cores() == len(before)
    for granted, expected in ((0.2, 1), (1.0, 1), (1.5, min(2, len(before)))):
        monkeypatch.setattr(cores, "quota", lambda granted=granted: granted)
        assert cores.available_cores() == expected
