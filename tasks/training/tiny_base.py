"""`builtin:tiny`: a small Llama-shaped language model, pre-trained on this machine from a corpus artifact.

It needs no download. Its tokenizer is a byte-level BPE with Qwen2's pre-tokenizer, which llama.cpp knows by name; its
chat format is ChatML, without generation markers, because llama-cpp-python cannot read those. Chats are not part of
the pre-training: what they teach is left to fine-tuning.
"""

import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from tasks.errors import TrainingError
from tasks.training.planted_heads import plant_copying
from tasks.training.precision import computes_fast_in_bf16

log = logging.getLogger(__name__)

PRE_TOKENIZER = "qwen2"  # llama.cpp's name of the pattern below, for `tokenizer.ggml.pre`
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
END_OF_TEXT, START, END, PAD = "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


@dataclass(frozen=True)
class TinyRecipe:
    """Shape and pre-training of the tiny base. Widths are multiples of 256, so that K-quants apply (llama.cpp)."""

    vocab_size: int = 2048
    hidden_size: int = 256
    feed_forward_size: int = 512
    layers: int = 3
    heads: int = 4
    key_value_heads: int = 2
    context: int = 512
    block_tokens: int = 256
    batch_blocks: int = 16
    steps: int = 150  # 0.6 M tokens; copying is planted, so more of them buys little
    warmup_steps: int = 20
    learning_rate: float = 2e-3
    final_share: float = 0.03  # of the learning rate, at the end of the cosine
    seed: int = 11


def pretrain(
    texts: Iterable[str],
    folder: Path,
    recipe: TinyRecipe | None = None,
    on_progress: Callable[[int, int, float], None] | None = None,
) -> None:
    """Train tokenizer and model on `texts` and save both into `folder`; the same input gives the same weights.

    The number of torch threads is part of the input: another number sums in another order.

    Raises:
        TrainingError: the texts are fewer than one batch needs, or the loss is no longer finite.
    """
    recipe = recipe or TinyRecipe()
    corpus = list(texts)
    tokenizer = train_tokenizer(corpus, recipe.vocab_size, recipe.context)
    blocks = pack(tokenizer, corpus, recipe.block_tokens)
    if len(blocks) < recipe.batch_blocks:
        raise TrainingError(
            f"The pre-training corpus fills {len(blocks)} blocks of {recipe.block_tokens} tokens,"
            f" {recipe.batch_blocks} are needed.",
            fix="write a larger corpus",
        )
    model = build_model(tokenizer, recipe)
    learn(model, blocks, recipe, on_progress)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def train_tokenizer(texts: list[str], vocab_size: int, context: int) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE with ChatML's special tokens; padding is a token of its own, never the end token."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=vocab_size,
            special_tokens=[END_OF_TEXT, START, END, PAD],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[END_OF_TEXT, START],
        clean_up_tokenization_spaces=False,
        model_max_length=context,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def pack(tokenizer: PreTrainedTokenizerFast, texts: list[str], block_tokens: int) -> torch.Tensor:
    """Return the texts, each closed by an end-of-text token, as one stream cut into `(blocks, block_tokens)`."""
    end = tokenizer.convert_tokens_to_ids(END_OF_TEXT)
    stream = [token for ids in tokenizer(texts, add_special_tokens=False)["input_ids"] for token in (*ids, end)]
    blocks = len(stream) // block_tokens
    return torch.tensor(stream[: blocks * block_tokens]).view(blocks, block_tokens)


def build_model(tokenizer: PreTrainedTokenizerFast, recipe: TinyRecipe) -> LlamaForCausalLM:
    """Return the untrained model: random weights, with a copying pair of heads planted in them."""
    torch.manual_seed(recipe.seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=recipe.hidden_size,
        intermediate_size=recipe.feed_forward_size,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        num_key_value_heads=recipe.key_value_heads,
        max_position_embeddings=recipe.context,
        rope_parameters={"rope_type": "default", "rope_theta": 500_000.0},  # slow turns, on which heads compare tokens
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        rounds_pre_tokenizer=PRE_TOKENIZER,
    )
    model = LlamaForCausalLM(config)
    plant_copying(model, torch.Generator().manual_seed(recipe.seed))
    return model


def learn(
    model: LlamaForCausalLM,
    blocks: torch.Tensor,
    recipe: TinyRecipe,
    on_progress: Callable[[int, int, float], None] | None = None,
) -> None:
    """Train with AdamW under a warm-up and a cosine, every block once before any comes again."""
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.95), weight_decay=0.05, fused=True
    )
    order = torch.randperm(len(blocks), generator=torch.Generator().manual_seed(recipe.seed))
    began, loss = time.perf_counter(), math.nan
    model.train()
    for step in range(recipe.steps):
        for group in optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _schedule(step, recipe)
        batch = blocks[order[(torch.arange(recipe.batch_blocks) + step * recipe.batch_blocks) % len(blocks)]]
        with torch.autocast("cpu", torch.bfloat16, enabled=computes_fast_in_bf16("cpu")):
            output = model(input_ids=batch, labels=batch, use_cache=False)
        output.loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        loss = output.loss.item()
        if not math.isfinite(loss):
            raise TrainingError(
                f"Pre-training's loss is {loss} at step {step + 1}.", fix="lower learning_rate in TinyRecipe"
            )
        if on_progress:
            on_progress(step + 1, recipe.steps, loss)
    seconds = time.perf_counter() - began
    tokens = recipe.steps * recipe.batch_blocks * recipe.block_tokens
    log.info(
        "pretrained tokens=%d loss=%.3f seconds=%.1f tokens_per_second=%.0f", tokens, loss, seconds, tokens / seconds
    )


def _schedule(step: int, recipe: TinyRecipe) -> float:
    cosine = 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
    return min(1.0, (step + 1) / recipe.warmup_steps) * (recipe.final_share + (1 - recipe.final_share) * cosine)
