"""The folders that unfinished runs leave behind, each named by its run; a finished run removes its own.

A run that failed or was killed keeps its folder, so that the same command goes on. The folder's name holds a digest of
the code, dataset, recipe and base: after a change of any of them nobody comes back for it.
"""

import logging
import shutil
import time
from pathlib import Path

log = logging.getLogger(__name__)

ABANDONED_DAYS = 14  # a round is weekly: a run that is gone on with is of this week or the last


def remove_abandoned(folder: Path, *, keep: str, days: float = ABANDONED_DAYS) -> list[str]:
    """Remove the runs' folders in `folder` in which nothing was written for `days`, and return their names.

    The folder named `keep` stays. A run that is going on writes a checkpoint much more often than that.
    """
    before = time.time() - days * 86_400
    abandoned = [run for run in sorted(folder.glob("run-*")) if run.name != keep and _last_written(run) < before]
    for run in abandoned:
        shutil.rmtree(run, ignore_errors=True)  # a link or a file of that name is not ours, and stays
        log.info("abandoned run removed name=%s untouched_days=%g", run.name, days)
    return [run.name for run in abandoned]


def _last_written(run: Path) -> float:
    """Return when something in the folder was last written, in seconds since 1970; now, if it is just being removed."""
    try:
        return max(path.lstat().st_mtime for path in (run, *run.rglob("*")))
    except FileNotFoundError:
        return time.time()
