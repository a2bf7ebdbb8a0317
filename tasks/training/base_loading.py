"""Open a base model's tokenizer, and its weights for full, LoRA or 4-bit training."""

import logging
from pathlib import Path

import torch
from bitsandbytes.nn import Linear4bit
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from tasks.errors import TrainingError
from tasks.records import Recipe
from tasks.training import processes
from tasks.training.kernels import FLASH, uses_flash_attention
from tasks.training.precision import compute_dtype

log = logging.getLogger(__name__)

PLAIN_CHAT = Path(__file__).with_name("plain_chat.jinja")
# What bases reserve for it: Llama 3, Qwen, Mistral and Gemma, BERT's manner.
PADDING = ("<|finetune_right_pad_id|>", "<|endoftext|>", "<pad>", "<|pad|>", "[PAD]", "<|reserved_special_token_0|>")


def open_tokenizer(source: str | Path, revision: str | None = None) -> PreTrainedTokenizerBase:
    """Return the tokenizer of a folder or a Hugging Face id, with its chat template and a padding token.

    Raises:
        TrainingError: it cannot be loaded, has no chat template, or has no way to tell where tokens lie in a text.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(source), revision=revision)
    except (OSError, ValueError) as error:
        fix = "check the name, or take a folder that save_pretrained wrote with its tokenizer"
        raise TrainingError(f"The tokenizer of {source} cannot be loaded.", fix=fix) from error
    if not tokenizer.chat_template:
        fix = (
            "take its instruction-tuned sibling; or choose a format for it: copy the model into a folder"
            f" (hf download {source} --local-dir FOLDER), add {PLAIN_CHAT} to it as chat_template.jinja, and pass"
            " --base-model FOLDER"
        )
        raise TrainingError(f"Base model {source} has no chat template.", fix=fix)
    if not tokenizer.is_fast:
        raise TrainingError(f"The tokenizer of {source} has no fast form.", fix="add a tokenizer.json to the folder")
    if tokenizer.pad_token_id in (None, tokenizer.eos_token_id):
        tokenizer.pad_token = _token_to_pad_with(tokenizer, source)
    return tokenizer


def _token_to_pad_with(tokenizer: PreTrainedTokenizerBase, source: str | Path) -> str:
    """Return a special token of the vocabulary that is not the end's: who masks padding by token keeps the end learned.

    Raises:
        TrainingError: the vocabulary has no other special token.
    """
    special = [token.content for _, token in sorted(tokenizer.added_tokens_decoder.items()) if token.special]
    candidates = [token for token in (*PADDING, tokenizer.unk_token, *special) if token in tokenizer.get_vocab()]
    for token in candidates:
        if token not in (tokenizer.eos_token, tokenizer.bos_token):
            return str(token)
    raise TrainingError(
        f"The tokenizer of {source} has no token to pad with but the end token.",
        fix="add a special token <pad> to a copy of the folder: its tokenizer.json and embeddings",
    )


def open_model(source: str | Path, revision: str | None, recipe: Recipe, device: str) -> PreTrainedModel:
    """Return the weights as the recipe trains them: float32 for full, NF4 for qlora, 8 bits if asked, else as they are.

    Raises:
        TrainingError: the weights cannot be loaded as a causal language model.
    """
    options: dict[str, object] = {"dtype": "auto"}
    if recipe.method == "full":
        options = {"dtype": torch.float32}  # steps smaller than bfloat16 resolves are lost without float32 weights
    if recipe.method == "qlora":
        options["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=compute_dtype(recipe.precision, device),
            # FSDP shards floating-point weights alone: the four bits are kept in words of the type it computes in.
            bnb_4bit_quant_storage=compute_dtype(recipe.precision, device) if processes.are_sharded() else None,
        )
    if recipe.method == "lora" and recipe.base_bits == 8:
        options["quantization_config"] = BitsAndBytesConfig(load_in_8bit=True)
    options["device_map"] = {"": _place(device, "quantization_config" in options)}
    if uses_flash_attention(recipe, device):
        try:
            return _load(source, revision, attn_implementation=FLASH, **options)
        except TrainingError:  # not every architecture has it
            log.info("no flash attention for this base, torch's own instead")
    model = _load(source, revision, **options)
    _keep_differentiable(model)
    return model


def _place(device: str, quantised: bool) -> str:
    """Return where this process's weights are loaded to: FSDP takes its part of unquantised ones from the CPU."""
    if processes.are_sharded() and not quantised:
        return "cpu"
    return f"cuda:{torch.cuda.current_device()}" if device == "cuda" else device


def _keep_differentiable(model: PreTrainedModel) -> None:
    """Forbid bitsandbytes (0.50) to repack 4-bit weights for inference during an evaluation.

    On a CPU with AVX-512 BF16 it does so for good, and its kernel for repacked weights has no gradient: every training
    step after the first evaluation would learn from a part of the gradient, without an error.
    """
    for layer in model.modules():
        if isinstance(layer, Linear4bit):
            layer.support_avx512bf16_for_cpu = False


def reopen_base(source: str | Path, revision: str | None) -> PreTrainedModel:
    """Return the base on the CPU in its own 16 or 32 bits, to merge an adapter into.

    Raises:
        TrainingError: the weights cannot be loaded as a causal language model.
    """
    return _load(source, revision, device_map={"": "cpu"}, dtype="auto")


def own_dtype(source: str | Path, revision: str | None) -> torch.dtype:
    """Return the number format that the base's weights are published in."""
    return AutoConfig.from_pretrained(str(source), revision=revision).dtype or torch.float32


def _load(source: str | Path, revision: str | None, **options: object) -> PreTrainedModel:
    try:
        return AutoModelForCausalLM.from_pretrained(str(source), revision=revision, **options)
    except (OSError, ValueError, KeyError) as error:
        fix = "check that it is a causal language model in safetensors with its config.json"
        raise TrainingError(f"The weights of {source} cannot be loaded.", fix=fix) from error
