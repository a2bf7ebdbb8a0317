"""Carry out launches as `accelerate launch` would, with forks of one process: the imports are paid for once.

`python -m tests.tasks.training.forked_launches CASES.json`, a list of [folder of the launch, strategy, method,
whether to do it again without the last checkpoint].
"""

import os
import shutil
import sys
import traceback
from pathlib import Path
from typing import NoReturn

import orjson

from infra.libraries import prepare_libraries

prepare_libraries()

import torch
from accelerate import DistributedType, PartialState
from accelerate.commands.launch import _validate_launch_command, launch_command_parser
from accelerate.utils.launch import prepare_multi_gpu_env
from accelerate.utils.other import get_free_port

from tasks.training import jobs, launched, launching  # noqa: F401  # jobs, so that each fork has it

PROCESSES = 2


def shard_on_the_cpu(state: PartialState) -> None:
    """Call gloo's processes GPUs: accelerate (1.15) takes FSDP for devices of its list alone, and CPUs get DDP."""
    state.device = torch.device("cpu")
    state.distributed_type = DistributedType.MULTI_GPU


def carry_out(folder: Path, strategy: str, method: str) -> None:
    """Fork the processes of one launch, and wait for them."""
    words = launching.command(folder, PROCESSES, strategy, method)
    options = words[words.index("accelerate.commands.launch") + 1 :]
    environment = prepare_multi_gpu_env(_validate_launch_command(launch_command_parser().parse_args(options))[0])
    environment |= {"WORLD_SIZE": str(PROCESSES), "LOCAL_WORLD_SIZE": str(PROCESSES)}
    environment |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(get_free_port())}
    children = []
    for rank in range(PROCESSES):
        children.append(os.fork())
        if children[-1] == 0:
            os.environ |= environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)}
            run_as_one_of_them(folder, rank, sharded=strategy == "fsdp")
    for child in children:
        if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0:
            sys.exit("\n".join(path.read_text() for path in folder.glob("output-*.log")))


def run_as_one_of_them(folder: Path, rank: int, *, sharded: bool) -> NoReturn:
    """Do what a process of the launch does, and end."""
    code = 1
    with (folder / f"output-{rank}.log").open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        if sharded:
            PartialState.set_device = shard_on_the_cpu
        try:
            code = launched.main(folder)
        except Exception:  # noqa: BLE001  # a fork must never return to its parent's work
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, strategy, method, again in orjson.loads(Path(sys.argv[1]).read_bytes()):
        folder = Path(name)
        carry_out(folder, strategy, method)
        if again:
            (folder / "outcome.json").rename(folder / "first.json")
            shutil.rmtree(folder.parent / "checkpoint-9")
            carry_out(folder, strategy, method)
