"""How long an example is under a base model's own chat template. Loading a tokenizer takes seconds: import it late."""

from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from tasks.chat_tokens import chat_tokens
from tasks.errors import TrainingError
from tasks.records import Message


def load_tokenizer(source: str | Path, revision: str | None = None) -> PreTrainedTokenizerBase:
    """Load the tokenizer with its chat template from a folder or a Hugging Face id."""
    return AutoTokenizer.from_pretrained(str(source), revision=revision)


def count_tokens(tokenizer: PreTrainedTokenizerBase, messages: tuple[Message, ...]) -> int | None:
    """Return the tokens of the whole conversation as it is trained on; None if the template does not take it."""
    try:
        return len(chat_tokens(tokenizer, messages).ids)
    except TrainingError:
        return None
