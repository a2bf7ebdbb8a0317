"""What torch, llama.cpp and the Hugging Face libraries must be told before they are imported.

Waiting OpenMP threads spin by default. On two cores, of which anything else takes a share (a Prefect server, another
round), a spinning thread keeps the one it waits for from running: the tiny base then pre-trains at 1,400 tokens/s
instead of 6,700 (docs/experiments.md).
"""

import logging
import os
import warnings

DEFAULTS = {
    "OMP_WAIT_POLICY": "PASSIVE",
    "OPENBLAS_NUM_THREADS": "1",  # numpy multiplies small matrices here: two threads take twice the time of one
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",  # the command line shows the steps itself
    "TQDM_DISABLE": "1",  # the same of datasets and TRL
    "TOKENIZERS_PARALLELISM": "false",
    "TRANSFORMERS_VERBOSITY": "error",  # what it warns of (long probes, deprecations within) nobody can act on
}


def prepare_libraries() -> None:
    """Set the defaults; what a user's environment says stands."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    warnings.filterwarnings("ignore", message="`is_gradient_checkpointing`", category=FutureWarning)  # PEFT's own call
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # it warns of a kernel that the CPU has no use for
