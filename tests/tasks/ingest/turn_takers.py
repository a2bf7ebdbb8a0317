"""What the processes of a test of rate limits run: a module that is quickly imported."""

import multiprocessing
import threading
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path

from tasks.ingest.politeness import RateLimit


def take_turns(folder: Path, per_second: float, turns: int, threads: int, ready: Barrier) -> None:
    """Take `turns` turns in each of some threads, and write down when all began and when each turn was held."""

    def run(number: int) -> None:
        limit = RateLimit("service", per_second, folder, alone=True)
        with (folder / f"{multiprocessing.current_process().name}-{number}").open("w") as log:
            ready.wait()
            log.write(f"{time.monotonic()} 0\n")
            for _ in range(turns):
                with limit.turn():
                    begun = time.monotonic()
                    log.write(f"{begun} {time.monotonic()}\n")

    workers = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
