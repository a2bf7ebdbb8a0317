"""Tiny models of the Llama shape with a byte-level BPE tokenizer, made in seconds, for real conversions."""

from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEMPLATE = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEXT = [
    "The patient takes 5 mg of lisinopril daily and walks for 30 minutes, then rests for 30.",
    "Call the clinic if fever, rash or shortness of breath appears after 12 hours.",
    "Follow-up in 2 weeks; no known allergies; diet low in salt.",
]


def make_tokenizer(*, split: str = QWEN2_SPLIT) -> PreTrainedTokenizerFast:
    """Train a byte-level BPE of a few hundred tokens whose text is split by the regular expression `split`."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(split), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=SPECIALS, initial_alphabet=alphabet)
    raw.train_from_iterator(TEXT * 3, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    fast.chat_template = TEMPLATE
    return fast


def make_model(folder: Path, *, pre: str | None = "qwen2", learn: tuple[list[int], ...] = ()) -> Path:
    """Save a one-layer, 256-wide model with its tokenizer into `folder`, random or having learnt sequences by heart."""
    tokenizer = make_tokenizer()
    torch.manual_seed(17)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=512,
        num_hidden_layers=1,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        tie_word_embeddings=True,
    )
    if pre:
        config.rounds_pre_tokenizer = pre
    model = LlamaForCausalLM(config)
    _learn_by_heart(model, learn)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _learn_by_heart(model: LlamaForCausalLM, sequences: tuple[list[int], ...]) -> None:
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(20 * len(sequences)):
        ids = torch.tensor([sequences[step % len(sequences)]])
        optimiser.zero_grad()
        model(ids, labels=ids).loss.backward()
        optimiser.step()
