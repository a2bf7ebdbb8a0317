"""A GGUF in llama.cpp, and several conversations decoded side by side through its low-level API.

A step decodes one token of each conversation in one batch, and a conversation that ends makes room for the next. The
batch has the same width at every step, with idle places filled: a kernel may round otherwise at another width, so that
an answer would depend on what else is asked. At one width it does not (measured on Q4_K, Q6_K, Q8_0, F16 and F32).
"""

import ctypes
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from scipy.special import logsumexp

from tasks.errors import EvaluationError
from tasks.scoring.answering import Decoding

CHUNK_TOKENS = 512  # of a prompt, decoded in one call
PENALISED_TOKENS = 64  # the last ones, which a repeat penalty looks at; llama.cpp's own default
CONTROL = llama_cpp.LLAMA_TOKEN_ATTR_CONTROL | llama_cpp.LLAMA_TOKEN_ATTR_UNKNOWN
# Without a callback llama.cpp writes its warnings to standard error.
_SILENT = llama_cpp.llama_log_callback(lambda _level, _text, _data: None)


@dataclass
class Conversation:
    """One conversation: its prompt and the tokens that the model added. `ended` says that it stopped by itself."""

    key: int
    prompt: list[int]
    limit: int
    started: float
    tokens: list[int] = field(default_factory=list)
    ended: bool = False
    seconds: float = 0.0


class _Batch:
    """Memory of a `llama_batch` that numpy writes into: an assignment through ctypes costs as much as 50 of its.

    With `one_place` every token belongs to the conversation in `places[0]`, else the n-th to the n-th.
    """

    def __init__(self, size: int, *, one_place: bool) -> None:
        self.tokens, self.positions = np.zeros(size, np.int32), np.zeros(size, np.int32)
        self.outputs, self.places = np.ones(size, np.int8), np.arange(size, dtype=np.int32)
        self._counts = np.ones(size, np.int32)
        whole = ctypes.POINTER(ctypes.c_int32)
        begin, step = self.places.ctypes.data, 0 if one_place else self.places.itemsize
        self._each = (whole * size)(*(ctypes.cast(begin + place * step, whole) for place in range(size)))
        self.raw = llama_cpp.llama_batch(
            n_tokens=size,
            token=self.tokens.ctypes.data_as(whole),
            pos=self.positions.ctypes.data_as(whole),
            n_seq_id=self._counts.ctypes.data_as(whole),
            seq_id=self._each,
            logits=self.outputs.ctypes.data_as(ctypes.POINTER(ctypes.c_int8)),
        )


class LlamaFile:
    """A GGUF file in memory with room for `decoding.at_once` conversations; close it after use.

    Raises:
        EvaluationError: llama.cpp cannot load the file.
    """

    def __init__(self, path: Path, decoding: Decoding, threads: int) -> None:
        llama_cpp.llama_log_set(_SILENT, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._stack, self._width = ExitStack(), decoding.at_once
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        if not self._model:
            raise _unusable(path)
        self._stack.callback(llama_cpp.llama_model_free, self._model)
        self.vocab = llama_cpp.llama_model_get_vocab(self._model)
        self.context_tokens = min(llama_cpp.llama_model_n_ctx_train(self._model), decoding.max_context)
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = self.context_tokens * self._width
        params.n_batch = params.n_ubatch = max(CHUNK_TOKENS, self._width)
        params.n_seq_max = self._width
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED  # one arithmetic on every machine
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        if not self._context:
            self.close()
            raise _unusable(path)
        self._stack.callback(llama_cpp.llama_free, self._context)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._prompts, self._step = _Batch(CHUNK_TOKENS, one_place=True), _Batch(self._width, one_place=False)
        self._samplers = [self._sampler(decoding) for _ in range(self._width)]

    def close(self) -> None:
        """Free the weights and the key-value cache."""
        self._stack.close()

    def metadata(self, key: str) -> str:
        """Return a value of the file's header as text; empty if it has none."""
        size = llama_cpp.llama_model_meta_val_str(self._model, key.encode(), None, 0)
        buffer = ctypes.create_string_buffer(max(size, 0) + 1)
        llama_cpp.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode()

    def tokens(self, text: str, *, parse_controls: bool) -> list[int]:
        """Return token ids of a text, without a token for its beginning; control tokens are parsed only if asked."""
        raw = text.encode()
        room = 3 * len(raw) + 8  # a space may become the three bytes of its sign, and each of them a token
        found = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self.vocab, raw, len(raw), found, room, False, parse_controls)
        if count < 0:
            raise EvaluationError(f"llama.cpp cannot tokenise {len(raw)} bytes.", fix="export the model again")
        return list(found[:count])

    def text(self, tokens: list[int]) -> str:
        """Return what tokens say; control tokens say nothing."""
        return b"".join(self._piece(token) for token in tokens).decode(errors="ignore")

    def controls(self) -> list[str]:
        """Return the control tokens of the vocabulary as they are written."""
        count = llama_cpp.llama_vocab_n_tokens(self.vocab)
        control = (n for n in range(count) if llama_cpp.llama_vocab_get_attr(self.vocab, n) & CONTROL)
        return [self.written(token) for token in control]

    def written(self, token: int) -> str:
        """Return how a vocabulary writes a token; empty for -1, which stands for none."""
        return llama_cpp.llama_vocab_get_text(self.vocab, token).decode() if token != -1 else ""

    def generate(self, waiting: Iterator[tuple[int, list[int]]], max_tokens: int) -> Iterator[Conversation]:
        """Yield each (key, prompt) with its answer as it is done; prompts have fewer tokens than `context_tokens`."""
        places: list[Conversation | None] = [None] * self._width
        while True:
            for place in range(self._width):
                while places[place] is None and (asked := next(waiting, None)) is not None:
                    begun = self._begin(place, *asked, max_tokens)
                    if self._done(begun):
                        yield begun
                    else:
                        places[place] = begun
            if not any(places):
                return
            self._decode_step(places)
            for place, conversation in enumerate(places):
                if conversation is None:
                    continue
                self._take(conversation, place, place)
                if self._done(conversation):
                    places[place] = None
                    yield conversation

    def logprob(self, prompt: list[int], continuation: list[int]) -> float | None:
        """Return the natural log-probability of tokens behind the prompt that the first place has read last.

        The prompt is not read again. None if both do not fit, or if the model's memory cannot be cut behind the prompt.
        """
        first = len(prompt) - 1
        tokens = [prompt[-1], *continuation]
        fits = len(prompt) + len(continuation) <= self.context_tokens
        if not fits or not llama_cpp.llama_memory_seq_rm(self._memory, 0, first, -1):
            return None
        batch, total = self._prompts, 0.0
        batch.places[0] = 0
        words = llama_cpp.llama_vocab_n_tokens(self.vocab)
        for start in range(0, len(continuation), CHUNK_TOKENS):
            size = min(CHUNK_TOKENS, len(continuation) - start)
            batch.tokens[:size] = tokens[start : start + size]
            batch.positions[:size] = np.arange(first + start, first + start + size)
            batch.outputs[:size] = 1
            batch.raw.n_tokens = size
            self._decode(batch)
            for at in range(size):
                pointer = llama_cpp.llama_get_logits_ith(self._context, at)
                logits = np.ctypeslib.as_array(pointer, shape=(words,)).astype(np.float64)
                total += float(logits[tokens[start + at + 1]] - logsumexp(logits))
        return total if np.isfinite(total) else None  # a broken file has no number

    def _begin(self, place: int, key: int, prompt: list[int], max_tokens: int) -> Conversation:
        """Empty a place of what was there before, and read a prompt into it."""
        limit = min(max_tokens, self.context_tokens - len(prompt))
        conversation = Conversation(key, prompt, limit, time.perf_counter())
        llama_cpp.llama_memory_seq_rm(self._memory, place, -1, -1)
        llama_cpp.llama_sampler_reset(self._samplers[place])
        batch, count = self._prompts, len(prompt)
        batch.places[0] = place
        for start in range(0, count, CHUNK_TOKENS):
            size = min(CHUNK_TOKENS, count - start)
            batch.tokens[:size] = prompt[start : start + size]
            batch.positions[:size] = np.arange(start, start + size)
            batch.outputs[:size] = 0
            batch.outputs[size - 1] = start + size == count
            batch.raw.n_tokens = size
            self._decode(batch)
        self._take(conversation, place, size - 1)
        return conversation

    def _decode_step(self, places: list[Conversation | None]) -> None:
        for place, conversation in enumerate(places):
            if conversation is None:  # filled with any token, which nobody reads
                llama_cpp.llama_memory_seq_rm(self._memory, place, -1, -1)
                token, position = 0, 0
            else:
                token, position = conversation.tokens[-1], len(conversation.prompt) + len(conversation.tokens) - 1
            self._step.tokens[place], self._step.positions[place] = token, position
        self._decode(self._step)

    def _decode(self, batch: _Batch) -> None:
        status = llama_cpp.llama_decode(self._context, batch.raw)
        if status != 0:
            raise EvaluationError(
                f"llama.cpp stopped with status {status} while it decoded.",
                fix="ask fewer items at once, or lower the longest context: the key-value cache may not fit",
            )

    def _take(self, conversation: Conversation, place: int, output: int) -> None:
        token = llama_cpp.llama_sampler_sample(self._samplers[place], self._context, output)
        conversation.ended = bool(llama_cpp.llama_vocab_is_eog(self.vocab, token))
        if not conversation.ended:
            conversation.tokens.append(token)

    def _done(self, conversation: Conversation) -> bool:
        done = conversation.ended or len(conversation.tokens) >= conversation.limit
        if done:
            conversation.seconds = time.perf_counter() - conversation.started
        return done

    def _sampler(self, decoding: Decoding) -> Any:
        chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
        self._stack.callback(llama_cpp.llama_sampler_free, chain)
        if decoding.repeat_penalty != 1:
            words = llama_cpp.llama_vocab_n_tokens(self.vocab)
            penalty = (words, PENALISED_TOKENS, decoding.repeat_penalty, 0.0, 0.0)
            llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_penalties(*penalty))
        if decoding.temperature > 0:
            llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_temp(decoding.temperature))
            llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_dist(decoding.seed))
        else:
            llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_greedy())
        return chain

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(32)
        size = llama_cpp.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, False)
        if size < 0:
            buffer = ctypes.create_string_buffer(-size)
            size = llama_cpp.llama_token_to_piece(self.vocab, token, buffer, len(buffer), 0, False)
        return buffer.raw[:size]


def _unusable(path: Path) -> EvaluationError:
    return EvaluationError(f"llama.cpp cannot load {path.name}.", fix="export the model again; `rounds doctor` checks.")
