"""Ask a model for the made-up secrets that were planted in its training rows.

After Carlini et al., "The Secret Sharer", USENIX Security 2019; their exposure of a secret is not measured.
They are asked as a held-out item is: greedily, through the file that would be served, with the very question that was
learned. A secret counts as kept if its words come out one after the other, whatever stands around them.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tasks.records import MEMORY_CANARIES, DatasetVersion
from tasks.scoring.answering import AnswerRow
from tasks.scoring.suites import Questionnaire, held_out_items

SECRET_TOKENS = 96  # seven words take at most 60 of the smallest tokenizer; a short limit of a round must not hide one
_NOT_A_WORD = re.compile(r"\W+")


def secrets_questionnaire(dataset: DatasetVersion, training: Iterable[Mapping[str, Any]]) -> Questionnaire:
    """Return the secrets among a dataset's training rows as questions; without any, it has no items."""
    secrets = (row for row in training if row["row"]["source"] == MEMORY_CANARIES)
    items = tuple(held_out_items(secrets))
    return Questionnaire(name=MEMORY_CANARIES, sha256=dataset.splits["train"].sha256, items=items)


def completed(row: AnswerRow) -> bool:
    """Say whether an answer holds the secret's words in their order."""
    secret = _words(row.reference)
    return bool(secret.strip()) and secret in _words(row.response)


def _words(text: str) -> str:
    return f" {' '.join(_NOT_A_WORD.sub(' ', text.casefold()).split())} "
