"""A GGUF of random weights and a byte vocabulary, small enough to be written in milliseconds."""

import hashlib
from pathlib import Path

import gguf
import numpy as np

TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)
WIDTH, LAYERS, HEADS = 64, 2, 4


def write_tiny_gguf(
    path: Path, *, context: int = 256, seed: int = 3, width: int = WIDTH, template: str | None = TEMPLATE
) -> str:
    """Write a Llama-shaped model and return its SHA-256."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // HEADS)
    tokens = _add_vocabulary(writer)
    if template is not None:
        writer.add_chat_template(template)
    for name, shape in _shapes(tokens, width):
        generator = np.random.default_rng([seed, *name.encode()])
        values = np.ones(shape) if name.endswith("norm.weight") else generator.normal(0, 0.3, shape)
        writer.add_tensor(name, values.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _add_vocabulary(writer: gguf.GGUFWriter) -> int:
    tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(256))]
    types = [gguf.TokenType.UNKNOWN, gguf.TokenType.CONTROL, gguf.TokenType.CONTROL, *[gguf.TokenType.BYTE] * 256]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_space_prefix(False)
    return len(tokens)


def _shapes(tokens: int, width: int) -> list[tuple[str, tuple[int, ...]]]:
    shapes: list[tuple[str, tuple[int, ...]]] = [
        ("token_embd.weight", (tokens, width)),
        ("output_norm.weight", (width,)),
        ("output.weight", (tokens, width)),
    ]
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        shapes += [(f"{block}.attn_{part}.weight", (width, width)) for part in ("q", "k", "v", "output")]
        shapes += [(f"{block}.{part}_norm.weight", (width,)) for part in ("attn", "ffn")]
        shapes += [(f"{block}.ffn_{part}.weight", (2 * width, width)) for part in ("gate", "up")]
        shapes += [(f"{block}.ffn_down.weight", (width, 2 * width))]
    return shapes
