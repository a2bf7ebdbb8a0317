"""Which attention, which kernels and which batches a run is computed with; none of them changes what is learned.

Flash attention (Dao 2023) never holds the square of a row's length and takes several examples in one row, each for
itself, so that nothing is padded. Without it such a row costs the square of the whole row: measured on one core in
bfloat16, with the tiny base's shape and batches of 8 of 240 tokens on average (MedQuAD), 3,460 useful tokens a second,
against 7,700 by length and 3,580 with every example padded to 512. By length pads 5 %, all that packing could win.
Not covered: kernels that are downloaded when a run starts.
"""

import torch
from transformers import PreTrainedModel
from transformers.utils import is_flash_attn_2_available, is_liger_kernel_available

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training import processes
from tasks.training.precision import compute_dtype

FLASH = "flash_attention_2"
LEAK = 0.01  # of the largest logit: far above rounding, far below one foreign token's weight


def uses_flash_attention(recipe: Recipe, device: str) -> bool:
    """Say whether flash attention is installed and can compute this recipe: on a GPU, in 16 bits."""
    if recipe.kernels == "plain" or device != "cuda" or compute_dtype(recipe.precision, device) is torch.float32:
        return False
    return bool(is_flash_attn_2_available())


def uses_liger(recipe: Recipe, device: str) -> bool:
    """Say whether Liger's fused layers (Hsu et al. 2024) are installed and of use: on a GPU, and not under Unsloth."""
    wanted = recipe.kernels == "auto" and recipe.backend == "transformers" and device == "cuda"
    return wanted and bool(is_liger_kernel_available())


def packs(recipe: Recipe, model: PreTrainedModel, examples: list[list[int]]) -> bool:
    """Say whether each micro-batch becomes one unpadded row; `auto`: under flash attention, if the model allows it.

    `examples` are token ids to try it with, which takes the whole model: one that is to be sharded is not packed.

    Raises:
        TrainingError: the recipe asks for packed rows, and this model lets their examples see each other or is to be
            sharded.
    """
    alone = recipe.batch_size == recipe.gradient_accumulation  # one example has nothing to be padded to
    if recipe.batching == "by-length" or alone:
        return False
    if recipe.batching == "auto" and model.config._attn_implementation != FLASH:
        return False
    if processes.are_sharded():
        if recipe.batching == "packed":
            raise TrainingError("Rows are not packed under FSDP.", fix="--set batching=auto")
        return False
    apart = packs_apart(model, examples, compute_dtype(recipe.precision, model.device.type))
    if recipe.batching == "packed" and not apart:
        raise TrainingError(
            f"Examples packed into one row see each other in a {model.config.model_type} model.",
            fix="--set batching=by-length",
        )
    return apart


def packs_apart(model: PreTrainedModel, examples: list[list[int]], dtype: torch.dtype) -> bool:
    """Try whether the second example of a packed row is answered alike whatever the first one says.

    `dtype` is the number format that the run computes in.
    """
    first, second = torch.tensor(examples[0][:64]), torch.tensor(examples[-1][:64])
    places = torch.cat([torch.arange(len(first)), torch.arange(len(second))])[None].to(model.device)
    was_training = model.training
    model.eval()
    answers = []
    for before in (first, first.flip(0).roll(1)):
        row = torch.cat([before, second])[None].to(model.device)
        with torch.no_grad(), torch.autocast(model.device.type, dtype, enabled=dtype is not torch.float32):
            logits = model(input_ids=row, position_ids=places, use_cache=False).logits
        answers.append(logits[0, len(first) :].float())
    model.train(was_training)
    return bool((answers[0] - answers[1]).abs().max() <= LEAK * answers[0].abs().max())
