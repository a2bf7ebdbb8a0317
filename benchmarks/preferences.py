"""Measure whether preference tuning after supervised training tells people's preferred answers from rejected ones.

    python -m benchmarks.preferences --data FOLDER [--base FOLDER] [--seed 17]

FOLDER holds `chat/oasst/en_100_tree.jsonl` (OpenAssistant, Apache-2.0): 100 conversation trees in which people ranked
the answers to a message. Ranks become ratings from 5 (first) to 1 (last), each tree is a group, and the pipeline makes
preferences of them and deals them to splits, 60 % of the trees to training and 30 % to the test. The base (`--base`, or
the tiny one, pre-trained here) is first fine-tuned on the chosen answers of the training split; DPO and KTO start from
those weights, with the recipes dpo-tiny and kto-tiny. None of the data is part of the project.

Printed for the held-out pairs, with 95 % intervals:

- agreement: the share of pairs in which a model gives the chosen answer the higher log-likelihood a token (Wilson);
- win rate over SFT: the share in which it widens the margin of these log-likelihoods over that of SFT (Wilson, and a
  bootstrap that draws whole trees, because the pairs of one tree are not independent: the one to believe);
- ROUGE-L of greedy answers of 48 tokens to the chosen ones, for the first 24 questions (bootstrap);
  0 on the tiny base, which writes line breaks where it is asked about the world.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from infra.libraries import prepare_libraries
from tasks.dataset.chat_format import count_tokens
from tasks.dataset.decontamination import Suites
from tasks.dataset.grouping import Groups
from tasks.dataset.preferences import prefer
from tasks.phi.intervals import wilson
from tasks.records import (
    CertifiedRow,
    CurationPolicy,
    Example,
    Interaction,
    Message,
    PhiCertificate,
    Preference,
    Record,
    row_sha256,
)
from tasks.sample.pretraining import pretraining_texts
from tasks.scoring.bootstrap import mean_interval
from tasks.scoring.rouge import rouge
from tasks.training import base_loading, tiny_base
from tasks.training.fine_tuning import fine_tune
from tasks.training.preference_tokens import Row, encode_preferences
from tasks.training.preference_tuning import preference_tune
from tasks.training.recipes import load_recipe

KEY = b"benchmarks.preferences"
REDACTION = "none: public data"
POLICY = CurationPolicy(agent_type="MedicalQA", max_tokens=512, train_share=0.6, validation_share=0.1)
CORPUS_TEXTS = 8_000
ANSWER_TOKENS, QUESTIONS = 48, 24
DRAWS = 10_000


def ranked_answers(file: Path) -> Iterator[Interaction]:
    """Yield each ranked answer of the trees with what was said before it."""
    for line in file.read_text(encoding="utf-8").splitlines():
        tree = json.loads(line)
        yield from _below(tree["prompt"], (), tree["message_tree_id"])


def _below(node: Mapping[str, Any], before: tuple[Message, ...], tree: str) -> Iterator[Interaction]:
    said = (*before, Message(role="user" if node["role"] == "prompter" else "assistant", content=node["text"]))
    ranks = [reply["rank"] for reply in node["replies"] if _is_ranked(reply)]
    for reply in node["replies"]:
        if len(ranks) > 1 and _is_ranked(reply):
            yield Interaction(
                id=reply["message_id"],
                conversation_id=tree,
                agent_type="MedicalQA",
                messages=(*said, Message(role="assistant", content=reply["text"])),
                rating=5 - 4 * reply["rank"] / max(ranks),
                created_at=datetime(2023, 1, 1, tzinfo=UTC),
            )
        yield from _below(reply, said, tree)


def _is_ranked(reply: Mapping[str, Any]) -> bool:
    return reply["role"] == "assistant" and reply.get("rank") is not None


def certified(record: Record) -> CertifiedRow:
    """Return a public row with the certificate that the pipeline asks for."""
    row = record.model_dump(mode="json")
    certificate = PhiCertificate(
        row_sha256=row_sha256(row),
        engine="none",
        policy=REDACTION,
        findings={},
        second_pass=0,
        canaries=320,
        canary_bound=0.02,
    )
    return CertifiedRow(row=row, certificate=certificate)


def supervised_rows(preferences: Sequence[Preference]) -> list[dict[str, Any]]:
    """Return the chosen answers, each once, as rows of supervised training."""
    chosen = {
        (one.messages, one.chosen): Example(
            messages=(*one.messages, Message(role="assistant", content=one.chosen)),
            source=one.source,
            source_id=one.source_id,
            group_id=one.group_id,
        )
        for one in preferences
        if one.chosen is not None
    }
    return [certified(example).model_dump(mode="json") for example in chosen.values()]


def margins(model: PreTrainedModel, rows: Sequence[Row]) -> np.ndarray[Any, Any]:
    """Return of each pair the log-likelihood a token of the chosen answer less that of the rejected one."""
    return np.array([_per_token(model, row, "chosen_ids") - _per_token(model, row, "rejected_ids") for row in rows])


def _per_token(model: PreTrainedModel, row: Row, part: str) -> float:
    ids = torch.tensor([row["prompt_ids"] + row[part]])
    with torch.no_grad():
        logits = model(input_ids=ids).logits[0, len(row["prompt_ids"]) - 1 : -1]
    return float(logits.log_softmax(-1).gather(-1, torch.tensor(row[part])[:, None]).mean())


def written(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row]) -> list[str]:
    """Return the greedy answers to the prompts of rows."""
    answers = []
    for row in rows:
        ids = torch.tensor([row["prompt_ids"]])
        made = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=ANSWER_TOKENS, do_sample=False,
            pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
        )  # fmt: skip
        answers.append(tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True))
    return answers


def by_tree(values: np.ndarray[Any, Any], trees: Sequence[str]) -> tuple[float, float]:
    """Return the 95 % percentile interval of the mean, drawing whole trees with replacement."""
    names, place = np.unique(trees, return_inverse=True)
    sums, sizes = np.bincount(place, values), np.bincount(place)
    drawn = np.random.default_rng(0).integers(0, len(names), (DRAWS, len(names)))
    low, high = np.quantile(sums[drawn].sum(1) / sizes[drawn].sum(1), (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    """Train the three models and print how they compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, help="a folder of a pre-trained base; else the tiny one is made")
    parser.add_argument("--seed", type=int, default=17)
    given = parser.parse_args()
    prepare_libraries()
    with tempfile.TemporaryDirectory() as folder:
        measure(given.data / "chat/oasst/en_100_tree.jsonl", given.base, given.seed, Path(folder))


def measure(trees: Path, base: Path | None, seed: int, folder: Path) -> None:
    """Print the figures of one run."""
    if base is None:
        base = folder / "base"
        tiny_base.pretrain(pretraining_texts(1, CORPUS_TEXTS), base)
    tokenizer = base_loading.open_tokenizer(base)
    preferred = prefer(
        (certified(chat) for chat in ranked_answers(trees)), POLICY, key=KEY, suites=Suites(), withdrawn={},
        groups=Groups(),
        count_tokens=lambda messages: count_tokens(tokenizer, messages),
    )  # fmt: skip
    rows = {split: [line.model_dump(mode="json") for line in lines] for split, lines in preferred.splits.items()}
    told = {split: [Preference.model_validate(line.row) for line in lines] for split, lines in preferred.splits.items()}
    pairs = [one for one in told["test"] if one.chosen is not None and one.rejected is not None]
    print({split: len(ones) for split, ones in told.items()}, "preferences;", len(pairs), "held-out pairs of",
          len({one.group_id for one in pairs}), "trees")  # fmt: skip

    models = {"SFT": folder / "sft" / "merged"}
    began = time.perf_counter()
    recipe = load_recipe("full-tiny").model_copy(update={"seed": seed})
    fine_tune(
        recipe, base, None, supervised_rows(told["train"]), supervised_rows(told["validation"]), redaction=REDACTION,
        work=folder / "sft" / "work", tensorboard=folder / "log", merged=models["SFT"],
    )  # fmt: skip
    print(f"SFT: {time.perf_counter() - began:.0f} s")
    for objective in ("dpo", "kto"):
        name = f"SFT+{objective.upper()}"
        models[name] = folder / objective / "merged"
        recipe = load_recipe(f"{objective}-tiny").model_copy(update={"seed": seed})
        outcome = preference_tune(
            recipe, models["SFT"], None, rows["train"], rows["validation"], redaction=REDACTION,
            work=folder / objective / "work", tensorboard=folder / "log", merged=models[name],
        )  # fmt: skip
        print(f"{name}: {outcome.seconds:.0f} s, loss {outcome.first_loss:.3f} to {outcome.last_loss:.3f},"
              f" {outcome.curve[-1]}")  # fmt: skip
    report(models, tokenizer, [line for line in rows["test"] if line["row"]["chosen"] and line["row"]["rejected"]])


def report(models: Mapping[str, Path], tokenizer: PreTrainedTokenizerBase, lines: Sequence[dict[str, Any]]) -> None:
    """Print agreement, win rate and ROUGE-L of each model on held-out pairs."""
    rows = encode_preferences(tokenizer, lines, load_recipe("dpo-tiny"), REDACTION).rows
    trees = [line["row"]["group_id"] for line in lines]
    chosen = {tuple(row["prompt_ids"]): (row, line["row"]["chosen"]) for row, line in zip(rows, lines, strict=True)}
    alone: np.ndarray[Any, Any] | None = None
    for name, place in models.items():
        model = AutoModelForCausalLM.from_pretrained(place).eval()
        found = margins(model, rows)
        right = found > 0
        print(f"{name}: agreement {right.mean():.3f} ({_interval(right)}), by trees {_words(by_tree(right, trees))}")
        if alone is None:
            alone = found
        else:
            wins = found > alone
            gain = right.astype(float) - (alone > 0)
            print(f"  win rate over SFT {wins.mean():.3f} ({_interval(wins)}), by trees {_words(by_tree(wins, trees))}")
            print(f"  agreement less SFT's {gain.mean():+.3f}, by trees {_words(by_tree(gain, trees))};"
                  f" mean margin {alone.mean():+.3f} to {found.mean():+.3f}")  # fmt: skip
        asked = list(chosen.values())[:QUESTIONS]
        answers = written(model, tokenizer, [row for row, _ in asked])
        score = mean_interval([rouge(text, wanted)["rougeL"] for text, (_, wanted) in zip(answers, asked, strict=True)])
        print(f"  ROUGE-L {score.value:.3f} ({score.low:.3f} to {score.high:.3f}), {score.n} questions")


def _interval(hits: np.ndarray[Any, Any]) -> str:
    return _words(wilson(int(hits.sum()), len(hits)))


def _words(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}"


if __name__ == "__main__":
    main()
