"""What is launched instead of training to see a launch fail: a folder's `behaviour` says how. Nothing heavy is loaded.

The processes note their ids in the folder. Only the last one fails; the others wait for ever.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

from tasks.errors import PrivacyError
from tasks.training import launched

folder = Path(sys.argv[1])
rank, last = int(os.environ["RANK"]), int(os.environ["RANK"]) == int(os.environ["WORLD_SIZE"]) - 1
behaviour = json.loads((folder / "job.json").read_bytes())["recipe"]["name"]


def misbehave(*_: object, **__: object) -> None:
    """Do what the behaviour says, in the place of training."""
    if behaviour == "saves":
        signal.signal(signal.SIGTERM, save)
    (folder.parent / f"process-{rank}").write_text(str(os.getpid()))
    if last and behaviour == "raises":
        raise KeyError("words of a row")
    if last and behaviour == "refuses":
        raise PrivacyError("A row has no certificate.", fix="redact it")
    if last and behaviour == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    launched.write_event({"step": 1, "total": 2, "loss": 0.5})
    sys.stderr.write("a library's own line\n")
    time.sleep(600)


def save(*_: object) -> None:
    """Write a checkpoint, slowly."""
    time.sleep(1)
    (folder.parent / f"saved-{rank}").touch()
    sys.exit(1)


launched._train = misbehave
sys.exit(launched.main(folder))
