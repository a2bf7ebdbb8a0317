"""Judge by a local model of natural language inference whether an answer, or a sentence of it, entails a statement.

Any Hugging Face folder for sequence classification with a label `entailment` does. The highest entailment of the whole
answer and of each sentence counts, after SummaC-ZS (Laban et al., TACL 2022), because such models are trained on single
sentences. An answer longer than the model's window is cut in the whole, not in its sentences.
"""

from collections.abc import Callable
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tasks.errors import ConfigError
from tasks.scoring.sentences import sentences
from tasks.scoring.suites import Statement

THRESHOLD = 0.5  # probability of entailment


def entailment(folder: Path) -> Callable[[Statement, str], bool]:
    """Return a function that says whether a text entails a statement in the model's eyes, on the CPU.

    Raises:
        ConfigError: the folder holds no such model, or its labels have no `entailment`.
    """
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True).eval()
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder.name} holds no model for sequence classification.",
            fix="set ROUNDS_JUDGE_FOLDER to such a folder.",
        ) from error
    wanted = [int(at) for at, label in model.config.id2label.items() if str(label).casefold() == "entailment"]
    if len(wanted) != 1:
        raise ConfigError(f"{folder.name} has no label `entailment`.", fix="use a model of natural language inference.")
    longest = min(int(tokenizer.model_max_length), int(model.config.max_position_embeddings))

    def entails(statement: Statement, text: str) -> bool:
        premises = list(dict.fromkeys([text, *sentences(text)]))
        batch = tokenizer(
            premises,
            [statement.statement] * len(premises),
            padding=True,
            truncation="only_first",
            max_length=longest,
            return_tensors="pt",
        )
        with torch.inference_mode():
            probabilities = model(**batch).logits.softmax(dim=-1)[:, wanted[0]]
        return bool(probabilities.max() >= THRESHOLD)

    return entails
