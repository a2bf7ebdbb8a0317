"""What the config.json of published bases says of their shape, and the parameters that each publishes.

Facts of the repositories on Hugging Face: the values of config.json, and the count of parameters that the model page
shows for its safetensors (two decimals of a billion), except where a note says otherwise.
"""

from typing import Any

from transformers import AutoConfig, PretrainedConfig

QWEN3: dict[str, Any] = {
    "model_type": "qwen3", "vocab_size": 151_936, "num_key_value_heads": 8, "head_dim": 128, "dtype": "bfloat16",
}  # fmt: skip
LLAMA: dict[str, Any] = {
    "model_type": "llama", "vocab_size": 128_256, "num_key_value_heads": 8, "head_dim": 128, "dtype": "bfloat16",
}  # fmt: skip
QWEN2: dict[str, Any] = {"model_type": "qwen2", "tie_word_embeddings": False, "dtype": "bfloat16"}


def sizes(hidden: int, feed_forward: int, layers: int, heads: int) -> dict[str, int]:
    return {
        "hidden_size": hidden, "intermediate_size": feed_forward, "num_hidden_layers": layers,
        "num_attention_heads": heads,
    }  # fmt: skip


CONFIGS: dict[str, dict[str, Any]] = {
    "qwen3-0.6b": QWEN3 | sizes(1024, 3072, 28, 16) | {"tie_word_embeddings": True},
    "qwen3-4b": QWEN3 | sizes(2560, 9728, 36, 32) | {"tie_word_embeddings": True},
    "qwen3-8b": QWEN3 | sizes(4096, 12_288, 36, 32) | {"tie_word_embeddings": False},
    "llama-3.2-3b": LLAMA | sizes(3072, 8192, 28, 24) | {"tie_word_embeddings": True},
    "biomistral-7b": sizes(4096, 14_336, 32, 32)
    | {"model_type": "mistral", "vocab_size": 32_000, "num_key_value_heads": 8, "dtype": "bfloat16"},
    "medgemma-4b": {
        "model_type": "gemma3",
        "dtype": "bfloat16",
        "text_config": sizes(2560, 10_240, 34, 8)
        | {"model_type": "gemma3_text", "vocab_size": 262_208, "num_key_value_heads": 4, "head_dim": 256},
        "vision_config": sizes(1152, 4304, 27, 16)
        | {"model_type": "siglip_vision_model", "image_size": 896, "patch_size": 14, "vision_use_head": False},
    },
    "deepseek-r1-distill-qwen-1.5b": QWEN2
    | sizes(1536, 8960, 28, 12)
    | {"vocab_size": 151_936, "num_key_value_heads": 2},
    "deepseek-r1-distill-qwen-7b": QWEN2
    | sizes(3584, 18_944, 28, 28)
    | {"vocab_size": 152_064, "num_key_value_heads": 4},
    "deepseek-r1-distill-llama-8b": LLAMA | sizes(4096, 14_336, 32, 32) | {"tie_word_embeddings": False},
}
PUBLISHED_BILLIONS = {
    "qwen3-0.6b": 0.60,  # the model card's number; the page counts the shared embedding twice
    "qwen3-4b": 4.02,
    "qwen3-8b": 8.19,
    "llama-3.2-3b": 3.21,
    "biomistral-7b": 7.24,  # Mistral 7B's, of which it is a continuation
    "medgemma-4b": 4.30,
    "deepseek-r1-distill-qwen-1.5b": 1.78,
    "deepseek-r1-distill-qwen-7b": 7.62,
    "deepseek-r1-distill-llama-8b": 8.03,
}


def config_of(name: str) -> PretrainedConfig:
    return AutoConfig.for_model(**CONFIGS[name])
