"""Whether training made the model worse at what earlier rounds had taught it.

Measured is the loss on validation items that earlier rounds held out: splits are stable for ever, so no run has learned
from them. Both models, the one that the run started from and the one that it made, are opened as the recipe trains
them, so that this needs no more memory than the training did. The interval is a BCa bootstrap over the items (Efron
1987, scipy's); that items of one conversation depend on one another is not covered.
"""

import gc
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats
from transformers import PreTrainedTokenizerBase

from tasks.records import CertifiedRow, Example, Recipe
from tasks.training import base_loading
from tasks.training.chat_format import encode
from tasks.training.out_of_memory import is_out_of_memory
from tasks.training.precision import best_device, compute_dtype

log = logging.getLogger(__name__)

MARGIN = 0.02  # nats a token, which is 2 % more perplexity: less is lost in the noise of a run's seed
MAX_ITEMS = 256
DRAWS = 9_999
SEED = 17

Source = tuple[str | Path, str | None]
Encoded = tuple[list[int], list[int]]


def measure_forgetting(
    recipe: Recipe,
    start: Source,
    trained: Path,
    validation: Iterable[Mapping[str, Any]],
    earlier: Iterable[Mapping[str, Any]],
    *,
    redaction: str,
) -> dict[str, float]:
    """Return the loss on earlier items `before` and `after`, how many `items`, and how sure the difference is.

    `low` and `high` bound the mean difference, after less before, at 95 %; beyond `margin` it is forgetting, in nats a
    token. Items are rows of `validation` whose source record is in `earlier`, the validation split of an earlier
    dataset; one that was withdrawn since is in the latter alone. Empty where there is none, or too little memory: the
    run has ended well by then, and is kept.

    Raises:
        PrivacyError: a row's certificate is not its own, or not of policy `redaction`.
        TrainingError: a model cannot be opened.
    """
    items = earlier_items(base_loading.open_tokenizer(trained), recipe, validation, earlier, redaction=redaction)
    if not items:
        return {}
    try:
        before = item_losses(recipe, start, items)
        after = item_losses(recipe, (trained, None), items)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        log.warning("forgetting is not measured: out of memory items=%d", len(items))
        return {}
    return compared(before, after)


def earlier_items(
    tokenizer: PreTrainedTokenizerBase,
    recipe: Recipe,
    validation: Iterable[Mapping[str, Any]],
    earlier: Iterable[Mapping[str, Any]],
    *,
    redaction: str,
) -> list[Encoded]:
    """Return up to `MAX_ITEMS` rows of `validation` that come from a record in `earlier`, as token ids and labels."""
    known = {_record(line["row"]) for line in earlier}
    items: list[Encoded] = []
    for line in validation:
        if _record(line["row"]) not in known:
            continue
        example = Example.model_validate(CertifiedRow.model_validate(line).verified(policy=redaction))
        item = encode(tokenizer, example.messages, recipe.max_tokens)
        if item is not None:
            items.append(item)
        if len(items) == MAX_ITEMS:
            break
    return items


def _record(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a row is of, which stays when it is redacted anew."""
    return row["source"], row["source_id"]


@torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is untyped here
def item_losses(recipe: Recipe, source: Source, items: Sequence[Encoded]) -> list[float]:
    """Return each item's mean loss over its answers' tokens, in nats; one item at a time, so nothing is padded."""
    _free()  # of the model before this one
    device = best_device()
    dtype = compute_dtype(recipe.precision, device)
    model = base_loading.open_model(*source, recipe, device).eval()
    with torch.autocast(device, dtype, enabled=dtype is not torch.float32):
        return [
            float(
                model(
                    input_ids=torch.tensor([ids], device=device), labels=torch.tensor([labels], device=device)
                ).loss.item()
            )
            for ids, labels in items
        ]


def compared(before: Sequence[float], after: Sequence[float]) -> dict[str, float]:
    """Return the means of two models' losses on the same items, and the 95 % interval of after less before."""
    differences = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    low = high = float(differences.mean())
    if np.ptp(differences) > 0:
        interval = stats.bootstrap(
            (differences,), np.mean, n_resamples=DRAWS, method="BCa", rng=np.random.default_rng(SEED)
        ).confidence_interval
        low, high = float(interval.low), float(interval.high)
    found = {
        "before": float(np.mean(before)),
        "after": float(np.mean(after)),
        "items": float(len(differences)),
        "low": low,
        "high": high,
        "margin": MARGIN,
    }
    tell = log.warning if low > MARGIN else log.info
    tell("earlier items=%d loss before=%.4f after=%.4f difference %.4f to %.4f, margin %.2f", len(differences),
         found["before"], found["after"], low, high, MARGIN)  # fmt: skip
    return found


def _free() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
