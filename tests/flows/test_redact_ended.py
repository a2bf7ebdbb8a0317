"""`rounds redact` that is ended from outside leaves no process, no half-written file, and the older result."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no such signals")


def family(process: subprocess.Popen[bytes], workers: int) -> list[psutil.Process]:
    """Return the process with all that it started, once its workers are there."""
    main = psutil.Process(process.pid)
    give_up = time.monotonic() + 120
    while time.monotonic() < give_up and process.poll() is None:
        started = main.children(recursive=True)
        if sum(one.ppid() != main.pid for one in started) >= workers:  # forked from a server of the main process
            return started
        time.sleep(0.05)
    raise AssertionError("the workers did not start")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_nothing_is_left_behind(tmp_path: Path, sent: signal.Signals, code: int) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    line = {"text": "Case: Dr. Quillon Brask gave 5 mg. MRN: 4471203. " * 20}
    source.write_text("".join(json.dumps({"id": n, **line}) + "\n" for n in range(40_000)))
    target.write_text("before\n")
    command = [
        sys.executable,
        "-c",
        "from flows.cli import main; main()",
        "redact",
        str(source),
        str(target),
        "--workers",
        "2",
    ]
    environment = os.environ | {"ROUNDS_DATA_DIR": str(tmp_path / "data")}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        started = family(process, workers=2)
        process.send_signal(sent)
        assert process.wait(60) == code
        _, alive = psutil.wait_procs(started, timeout=30)
        for one in alive:
            one.kill()
    assert alive == []
    assert target.read_text() == "before\n"
    if sent is signal.SIGTERM:
        assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "in.jsonl", "out.jsonl"]
