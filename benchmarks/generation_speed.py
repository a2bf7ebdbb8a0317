"""Tokens a second of answers in this process, beside llama.cpp's own loop and beside more answers at once.

llama.cpp's own loop is that of its llama-bench: decode a prompt of random tokens in one call, then one random token a
call; it renders no template, samples nothing and makes no text. Both sides read the same number of prompt tokens and
decode the same number of tokens, with weights that were drawn (8 bits, width 256, 4 layers): the work does not depend
on their values.
"""

import ctypes
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import gguf
import llama_cpp
import numpy as np

from benchmarks.figures import Figure, rates
from tasks.records import Message
from tasks.scoring.answering import Decoding
from tasks.scoring.generation import GgufModel, open_model
from tasks.scoring.suites import Item

WIDTH, LAYERS, HEADS, WORDS = 256, 4, 4, 4096
CONTEXT, ANSWER_TOKENS = 512, 64
ITEMS, QUICK_ITEMS = 48, 8
RUNS = 5
TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def generation_speed(quick: bool) -> list[Figure]:
    """Return answers one by one beside llama.cpp's own loop, and two at once beside one."""
    items = made_up_items(QUICK_ITEMS if quick else ITEMS)
    with tempfile.TemporaryDirectory() as folder:
        path = write_model(Path(folder))
        one, two = (Decoding(max_tokens=ANSWER_TOKENS, max_context=CONTEXT, at_once=n) for n in (1, 2))
        with open_model(path, one, 1) as single, open_model(path, two, 1) as pair:
            answered = [(row.prompt_tokens, row.completion_tokens) for row in single.respond(items)]
            work = sum(tokens for _, tokens in answered)
            alone = own_loop(path, answered)
            beside = rates(work, _all(single, items), alone, runs=RUNS)
            together = rates(work, _all(pair, items), _all(single, items), runs=RUNS)
    return [
        Figure("scoring.generation_vs_llama_bench", *beside, "tokens/s", len(items)),
        Figure("scoring.two_requests_vs_one", *together, "tokens/s", len(items)),
    ]


def _all(model: GgufModel, items: list[Item]) -> Callable[[], object]:
    return lambda: list(model.respond(items))


def own_loop(path: Path, answered: list[tuple[int, int]]) -> Callable[[], None]:
    """Return llama-bench's loop over as many prompt and answer tokens, in a context like ours."""
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = CONTEXT, 1, 1
    params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
    context = llama_cpp.llama_init_from_model(model, params)
    rng = Random(5)

    def decode(count: int) -> None:
        tokens = (llama_cpp.llama_token * count)(*(rng.randrange(WORDS) for _ in range(count)))
        assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, count)) == 0
        llama_cpp.llama_synchronize(context)

    def loop() -> None:
        for prompt_tokens, answer_tokens in answered:
            llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(context), False)
            decode(prompt_tokens)
            for _ in range(answer_tokens - 1):  # the first token of an answer comes with the prompt
                decode(1)

    return loop


def made_up_items(count: int) -> list[Item]:
    """Return items of 20 to 120 characters, which are as many tokens."""
    rng = Random(7)
    questions = ["".join(rng.choices("abcdefgh", k=rng.randint(20, 120))) for _ in range(count)]
    return [
        Item(
            id=f"Q{number}",
            category="",
            difficulty="",
            question=question,
            messages=(Message(role="user", content=question),),
            reference="",
        )
        for number, question in enumerate(questions)
    ]


def write_model(folder: Path) -> Path:
    """Write a Llama shape of drawn weights in 8 bits and return its path."""
    plain, path = folder / "f32.gguf", folder / "q8.gguf"
    writer = gguf.GGUFWriter(plain, "llama")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(4 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    letters = [bytes([code]) for code in range(ord("a"), ord("z") + 1)]
    tokens = [b"<unk>", b"<s>", b"</s>", *letters, *(b"word%d" % n for n in range(WORDS - 3 - len(letters)))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * WORDS)
    writer.add_token_types(
        [gguf.TokenType.UNKNOWN, *[gguf.TokenType.CONTROL] * 2, *[gguf.TokenType.NORMAL] * (WORDS - 3)]
    )
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)
    rng = np.random.default_rng(3)
    for name, shape in _shapes():
        drawn = np.ones(shape) if len(shape) == 1 else rng.normal(0, 0.1, shape)
        writer.add_tensor(name, drawn.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0
    assert llama_cpp.llama_model_quantize(str(plain).encode(), str(path).encode(), ctypes.byref(params)) == 0
    return path


def _shapes() -> list[tuple[str, tuple[int, ...]]]:
    square, wide = (WIDTH, WIDTH), (4 * WIDTH, WIDTH)
    shapes: list[tuple[str, tuple[int, ...]]] = [
        ("token_embd.weight", (WORDS, WIDTH)),
        ("output_norm.weight", (WIDTH,)),
        ("output.weight", (WORDS, WIDTH)),
    ]
    for block in (f"blk.{layer}" for layer in range(LAYERS)):
        shapes += [(f"{block}.attn_{part}.weight", square) for part in ("q", "k", "v", "output")]
        shapes += [(f"{block}.{part}_norm.weight", (WIDTH,)) for part in ("attn", "ffn")]
        shapes += [(f"{block}.ffn_gate.weight", wide), (f"{block}.ffn_up.weight", wide)]
        shapes += [(f"{block}.ffn_down.weight", (WIDTH, 4 * WIDTH))]
    return shapes
