"""Answers from a Hugging Face model folder through transformers, for studies of weights before their export.

Greedy, in batches of prompts of like length with padding at their left. What is served is the GGUF, so a promotion is
never decided by these answers. Padding and batch may move a logit in its last digits: keep `at_once` for comparisons.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
import transformers
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from tasks.errors import EvaluationError
from tasks.scoring.answering import AnswerRow, Decoding, FinishReason, Reply, Respond, now, row_of
from tasks.scoring.suites import Item
from tasks.scoring.typed_controls import controls_pattern, guarded

ENGINE = f"transformers {transformers.__version__}"


@contextmanager
def open_folder(folder: Path, decoding: Decoding) -> Iterator[Respond]:
    """Load a model folder onto the accelerator if there is one, and give what answers items in batches.

    Raises:
        EvaluationError: it cannot be loaded, has no chat template, or other than greedy decoding is asked for.
    """
    if decoding.temperature > 0 or decoding.repeat_penalty != 1:
        raise EvaluationError(
            "A Hugging Face folder is decoded greedily only.", fix="leave temperature and penalty out"
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder))
        model = AutoModelForCausalLM.from_pretrained(str(folder), dtype="auto").eval()
    except (OSError, ValueError, KeyError) as error:
        raise EvaluationError(
            f"{folder.name} cannot be loaded as a causal language model.",
            fix="name a folder with config.json, safetensors and the tokenizer",
        ) from error
    if not tokenizer.chat_template:
        raise EvaluationError(f"{folder.name} has no chat template.", fix="add chat_template.jinja to the folder")
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    yield _FolderModel(tokenizer, model, decoding).respond


class _FolderModel:
    def __init__(self, tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel, decoding: Decoding) -> None:
        self._tokenizer, self._model, self._decoding = tokenizer, model, decoding
        special = (str(token.content) for token in tokenizer.added_tokens_decoder.values() if token.special)
        self._controls = controls_pattern({*map(str, tokenizer.all_special_tokens), *special})
        trained = getattr(model.config, "max_position_embeddings", None) or decoding.max_context
        self._context_tokens = min(int(trained), decoding.max_context)
        ends = model.generation_config.eos_token_id
        self._ends = set(ends if isinstance(ends, list) else [ends]) | {tokenizer.eos_token_id}
        self._ends.discard(None)

    def respond(self, items: Sequence[Item]) -> Iterator[AnswerRow]:
        """Yield the answers, the items with the longest prompts first: too little memory shows at once."""
        prompts = {place: self._prompt(item) for place, item in enumerate(items)}
        fitting = [place for place, prompt in prompts.items() if len(prompt) < self._context_tokens]
        for place in prompts.keys() - set(fitting):
            yield row_of(items[place], self._reply(items[place], len(prompts[place]), [], "too_long"), 0.0, now())
        fitting.sort(key=lambda place: (-len(prompts[place]), place))
        for start in range(0, len(fitting), self._decoding.at_once):
            batch = fitting[start : start + self._decoding.at_once]
            timestamp, started = now(), time.perf_counter()
            said = self._generate([prompts[place] for place in batch])
            seconds = (time.perf_counter() - started) / len(batch)
            for place, (tokens, reason) in zip(batch, said, strict=True):
                reply = self._reply(items[place], len(prompts[place]), tokens, reason)
                yield row_of(items[place], reply, seconds, timestamp)

    def _prompt(self, item: Item) -> list[int]:
        safe = guarded(item.messages, self._controls)
        try:
            rendered = self._tokenizer.apply_chat_template(safe.turns, tokenize=False, add_generation_prompt=True)
        except TemplateError:
            raise EvaluationError(
                f"The chat template refused item {item.id}.", fix="check that its roles alternate."
            ) from None
        return [token for text, typed in safe.pieces(str(rendered)) for token in self._tokens(text, typed=typed)]

    def _tokens(self, text: str, *, typed: bool) -> list[int]:
        encoded = self._tokenizer(text, add_special_tokens=False, split_special_tokens=typed)
        return list(encoded["input_ids"])

    @torch.inference_mode()  # type: ignore[untyped-decorator]  # torch is untyped here
    def _generate(self, prompts: list[list[int]]) -> list[tuple[list[int], FinishReason]]:
        width = max(map(len, prompts))
        filler = next(iter(self._ends), 0)
        ids = torch.tensor([[filler] * (width - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        limit = min(self._decoding.max_tokens, self._context_tokens - width)
        made = self._model.generate(
            input_ids=ids.to(self._model.device),
            attention_mask=mask.to(self._model.device),
            max_new_tokens=limit,
            do_sample=False,
            temperature=None,
            top_p=None,
            top_k=None,
            pad_token_id=filler,
            eos_token_id=sorted(self._ends) or None,
        )
        return [self._until_end(row[width:].tolist()) for row in made]

    def _until_end(self, tokens: list[int]) -> tuple[list[int], FinishReason]:
        end = next((place for place, token in enumerate(tokens) if token in self._ends), None)
        return (tokens, "length") if end is None else (tokens[:end], "stop")

    def _reply(self, item: Item, prompt_tokens: int, tokens: list[int], reason: FinishReason) -> Reply:
        return Reply(
            response=self._tokenizer.decode(tokens, skip_special_tokens=True),
            prompt_tokens=prompt_tokens,
            completion_tokens=len(tokens),
            reference_tokens=len(self._tokens(item.reference, typed=True)),
            finish_reason=reason,
        )
