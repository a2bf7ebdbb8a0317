"""Answers that the model in training writes to validation prompts, scored by ROUGE-L and BLEU.

A small sample, written greedily: it shows a trend beside the validation loss; the verdict comes from the scoring stage.
The words are compared and forgotten: no text is logged. Not written when the weights are sharded over processes (FSDP).
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU
from torch.utils.tensorboard import SummaryWriter
from transformers import (
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
)
from transformers.integrations.fsdp import is_fsdp_enabled

from tasks.training.chat_format import IGNORED

MOST_NEW_TOKENS = 256  # an evaluation must stay short beside the training between two of them


_ROUGE = RougeScorer(["rougeL"], use_stemmer=True)


class Prompt(NamedTuple):
    """What is asked, and the answer that is known."""

    ids: list[int]
    answer: list[int]


def last_turns(examples: Iterable[tuple[list[int], list[int]]]) -> list[Prompt]:
    """Return each example's tokens before its last answer, and that answer with its end token.

    `examples` are token ids with their labels, -100 where nothing is learned; one without labels is left out.
    """
    found = []
    for ids, labels in examples:
        end = next((place for place in reversed(range(len(labels))) if labels[place] != IGNORED), None)
        if end is None:
            continue
        begin = next((place + 1 for place in reversed(range(end)) if labels[place] == IGNORED), 0)
        if begin:
            found.append(Prompt(ids[:begin], ids[begin : end + 1]))
    return found


def written(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt], batch_size: int
) -> list[str]:
    """Return the greedy answer to each prompt, up to twice the longest known answer, at most `MOST_NEW_TOKENS`."""
    longest = max(len(prompt.answer) for prompt in prompts)
    greedy = GenerationConfig(
        do_sample=False,
        max_new_tokens=min(2 * longest, MOST_NEW_TOKENS),
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=sorted({tokenizer.eos_token_id, *(prompt.answer[-1] for prompt in prompts)}),
    )
    answers: list[str] = []
    for at in range(0, len(prompts), batch_size):
        asked = {"input_ids": [prompt.ids for prompt in prompts[at : at + batch_size]]}
        batch = tokenizer.pad(asked, padding_side="left", return_tensors="pt").to(model.device)
        tokens = model.generate(**batch, generation_config=greedy)[:, batch["input_ids"].shape[1] :]
        answers += tokenizer.batch_decode(tokens, skip_special_tokens=True)
    return answers


def scores(answers: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Return the mean ROUGE-L F1 (rouge-score, stemmed) and the corpus BLEU (sacrebleu), both 0-1."""
    each = [
        _ROUGE.score(reference, answer)["rougeL"].fmeasure
        for answer, reference in zip(answers, references, strict=True)
    ]
    bleu = BLEU().corpus_score(list(answers), [list(references)]).score / 100
    return {"rouge_l": sum(each) / len(each), "bleu": bleu}


class WriteAnswers(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """At each evaluation, writes answers to `prompts` and adds their scores to its row and to TensorBoard."""

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[Prompt], board: SummaryWriter | None
    ) -> None:
        self._tokenizer, self._prompts, self._board = tokenizer, prompts, board
        self._references = tokenizer.batch_decode([prompt.answer for prompt in prompts], skip_special_tokens=True)

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        model: PreTrainedModel,
        **_: Any,
    ) -> None:
        """Write and score."""
        if not self._prompts or self._board is None or is_fsdp_enabled():  # no board but in the first process
            return
        dtype = torch.bfloat16 if args.bf16 else torch.float16
        was_training = model.training
        model.eval()
        with torch.no_grad(), torch.autocast(args.device.type, dtype, enabled=args.bf16 or args.fp16):
            answers = written(model, self._tokenizer, self._prompts, args.per_device_eval_batch_size)
        model.train(was_training)
        found = scores(answers, self._references)
        state.log_history[-1].update(found)
        for name, value in found.items():
            self._board.add_scalar(f"eval/{name}", value, state.global_step)
