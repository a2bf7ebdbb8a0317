"""Fine-tuning beside what people write without it: rows padded to 512 tokens, and a plain script of the same library.

All learn from the sample hospital's chats, from the same random weights of the tiny base's shape, in full and with the
same batch, rate and number of steps. A useful token is one of the rendered chat, question or answer, not padding. Timed
is what lies between the ends of the first step and of the last, evaluations and checkpoints with it; opening the base
and saving the model cost each side the same few seconds, whatever it learns.

The padded one follows the recipe that older guides share: question and answer are tokenised apart, each padded to
512, the answer's tokens are the labels, and whatever comes first is trained on first. Its labels do not lie where a
causal model predicts them, so both are also judged by the validation loss on answers after equal time.
"""

import math
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)
from transformers.trainer_callback import PrinterCallback
from trl import SFTConfig, SFTTrainer

from benchmarks.figures import Figure
from tasks.records import CertifiedRow, Example, Message, PhiCertificate, Recipe, row_sha256
from tasks.sample.chats import sample_chats
from tasks.sample.pretraining import pretraining_texts
from tasks.training import base_loading, tiny_base
from tasks.training.chat_format import encode
from tasks.training.fine_tuning import fine_tune
from tasks.training.precision import computes_fast_in_bf16
from tasks.training.recipes import recipe_of, resolved

PADDED = 512
VALIDATION = 32
CHATS, QUICK_CHATS = 512, 96
RUNS = 3
TEXTS = 4_000


@dataclass(frozen=True)
class Chats:
    """Chats to learn from and chats to judge by, with the useful tokens of the former."""

    train: list[dict[str, Any]]
    validation: list[dict[str, Any]]
    tokens: int
    tokenizer: PreTrainedTokenizerBase


def measure(folder: Path, quick: bool) -> Iterator[Figure]:
    """Yield the figures of speed and of the loss after equal time."""
    disable_progress_bars()
    base = write_base(folder / "base")
    chats = read_chats(base, QUICK_CHATS if quick else CHATS)
    recipe = recipe_of("full-tiny", resolved("full-tiny", overrides=(f"base={base}", "epochs=1", "warmup_steps=2")))
    sides = _Sides(recipe, chats, folder)
    for figure, other in (("useful_tokens_vs_padded", sides.padded), ("vs_plain_trl", sides.plain)):
        speeds: tuple[list[float], list[float]] = ([], [])
        for _ in range(RUNS):
            for speed, run in zip(speeds, (sides.ours, other), strict=True):
                run()
                speed.append(sides.tokens_per_second())
        ours, theirs = map(statistics.median, speeds)
        yield Figure(f"training.{figure}", ours, theirs, "tokens/s", len(chats.train))
    yield Figure("training.loss_after_equal_time", *sides.losses_after_equal_time(), "nats", len(chats.validation))


def write_base(folder: Path) -> Path:
    """Write random weights of the tiny base's shape, with a tokenizer that has learned the sample hospital's words."""
    shape = tiny_base.TinyRecipe()
    tokenizer = tiny_base.train_tokenizer(list(pretraining_texts(1, TEXTS)), shape.vocab_size, shape.context)
    tiny_base.build_model(tokenizer, shape).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def read_chats(base: Path, count: int) -> Chats:
    """Return certified rows of the sample hospital's chats that fit into the padded length."""
    tokenizer = base_loading.open_tokenizer(base)
    rows: list[dict[str, Any]] = []
    tokens: list[int] = []
    for chat in sample_chats(7, 2 * count + VALIDATION):
        encoded = encode(tokenizer, chat.messages, PADDED)
        if encoded is not None and len(rows) < count + VALIDATION:
            rows.append(certified(chat.messages))
            tokens.append(len(encoded[0]))
    return Chats(rows[:count], rows[count:], sum(tokens[:count]), tokenizer)


def certified(messages: tuple[Message, ...]) -> dict[str, Any]:
    """Return a made-up row as training takes it."""
    row = Example(messages=messages, source="made-up", source_id="1", group_id="1").model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(row),
        engine="benchmark",
        policy="benchmark",
        findings={},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=row, certificate=certificate).model_dump(mode="json")


class _Sides:
    """The three ways of learning from the same chats, each as one call."""

    def __init__(self, recipe: Recipe, chats: Chats, folder: Path) -> None:
        self._recipe, self._chats, self._folder = recipe, chats, folder
        self._runs = 0
        self.steps = _Steps()
        self.seconds = 0.0
        self.merged = folder

    def ours(self) -> None:
        """Fine-tune as a round does."""
        began, work = time.perf_counter(), self._next()
        self.merged = work / "merged"
        fine_tune(
            self._recipe, self._recipe.base, None, self._chats.train, self._chats.validation, redaction="benchmark",
            work=work, tensorboard=work / "log", merged=self.merged, on_progress=lambda *_: self.steps.ended(),
        )  # fmt: skip
        self.seconds = time.perf_counter() - began

    def padded(self, seconds: float = math.inf) -> torch.nn.Module:
        """Fine-tune as the older guides do; stop after so many seconds."""
        began, work = time.perf_counter(), self._next()
        tokenizer = AutoTokenizer.from_pretrained(self._recipe.base)
        rows = [row["row"]["messages"] for row in self._chats.train]
        sides = [[messages[at]["content"] for messages in rows] for at in (0, -1)]
        padded = [tokenizer(texts, max_length=PADDED, padding="max_length", truncation=True) for texts in sides]
        data = {**padded[0], "labels": padded[1]["input_ids"]}
        model = AutoModelForCausalLM.from_pretrained(self._recipe.base)
        trainer = Trainer(
            model=model,
            args=TrainingArguments(num_train_epochs=1 if seconds == math.inf else 100, **self._common(work)),
            train_dataset=Dataset.from_dict(data),
            callbacks=[_Stop(began + seconds), self.steps],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        model.save_pretrained(work / "merged")
        return model

    def plain(self) -> None:
        """Fine-tune with TRL alone: prompt and completion, like lengths together, as many evaluations and saves."""
        work = self._next()
        train, validation = (
            Dataset.from_list(
                [{"prompt": turns[:-1], "completion": turns[-1:]} for row in rows if (turns := row["row"]["messages"])]
            )
            for rows in (self._chats.train, self._chats.validation)
        )
        model = AutoModelForCausalLM.from_pretrained(self._recipe.base, dtype=torch.float32)
        steps = math.ceil(len(train) / self._recipe.batch_size)
        trainer = SFTTrainer(
            model=model,
            args=SFTConfig(
                num_train_epochs=1, train_sampling_strategy="group_by_length", max_length=PADDED,
                eval_strategy="steps", eval_steps=math.ceil(steps / 4), save_steps=math.ceil(steps / 5),
                save_total_limit=2, **self._common(work) | {"save_strategy": "steps"},
            ),
            train_dataset=train,
            eval_dataset=validation,
            processing_class=AutoTokenizer.from_pretrained(self._recipe.base),
            callbacks=[self.steps],
        )  # fmt: skip
        trainer.remove_callback(PrinterCallback)
        trainer.train()
        model.save_pretrained(work / "merged")

    def losses_after_equal_time(self) -> tuple[float, float]:
        """Return the validation losses of ours and of the padded one, which trains as long as ours took."""
        self.ours()
        ours = AutoModelForCausalLM.from_pretrained(self.merged)
        return self._loss(ours), self._loss(self.padded(self.seconds))

    def _loss(self, model: torch.nn.Module) -> float:
        """Return the mean loss of an answer's token, in nats."""
        losses: list[tuple[float, int]] = []
        model.eval()
        for row in self._chats.validation:
            messages = tuple(Message.model_validate(turn) for turn in row["row"]["messages"])
            encoded = encode(self._chats.tokenizer, messages, PADDED)
            assert encoded is not None
            ids, labels = (torch.tensor([part]) for part in encoded)
            with torch.no_grad():
                loss = model(input_ids=ids, labels=labels).loss.item()
            losses.append((loss, sum(label >= 0 for label in encoded[1])))
        return sum(loss * count for loss, count in losses) / sum(count for _, count in losses)

    def _common(self, work: Path) -> dict[str, Any]:
        return {
            "output_dir": str(work),
            "per_device_train_batch_size": self._recipe.batch_size,
            "per_device_eval_batch_size": self._recipe.batch_size,
            "learning_rate": self._recipe.learning_rate,
            "lr_scheduler_type": "cosine",
            "warmup_steps": self._recipe.warmup_steps,
            "bf16": computes_fast_in_bf16("cpu"),
            "use_cpu": not torch.cuda.is_available(),
            "save_strategy": "no",
            "logging_steps": 1,
            "disable_tqdm": True,
            "report_to": "none",
        }

    def tokens_per_second(self) -> float:
        """Return the useful tokens a second of the last run, its first step left out."""
        ends = self.steps.ends
        return self._chats.tokens * (len(ends) - 1) / len(ends) / (ends[-1] - ends[0])

    def _next(self) -> Path:
        self._runs += 1
        self.steps.ends.clear()
        return self._folder / f"run-{self._runs}"


class _Steps(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Notes when each step ended, by `time.perf_counter`."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def ended(self) -> None:
        """Note the end of a step."""
        self.ends.append(time.perf_counter())

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Note the end of a step."""
        self.ended()


class _Stop(TrainerCallback):  # type: ignore[misc]
    """Ends a training at a time of `time.perf_counter`."""

    def __init__(self, at: float) -> None:
        self._at = at

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End the training once its time is over."""
        control.should_training_stop = time.perf_counter() >= self._at
