"""Steps that make up rows: text to pre-train the tiny base on, and secrets to see what a model keeps."""

import logging

from infra.artifacts import open_store
from infra.settings import get_settings
from tasks.policies import step
from tasks.records import MEMORY_CANARIES, Artifact, RawShard
from tasks.sample.planted_secrets import secret_examples
from tasks.sample.pretraining import pretraining_texts

log = logging.getLogger(__name__)


@step()
def write_pretraining_corpus(seed: int, texts: int) -> Artifact:
    """Write `texts` made-up texts, one a row {"text": …}, for pre-training the tiny base model."""
    corpus = open_store().save_rows("corpus", ({"text": text} for text in pretraining_texts(seed, texts)))
    log.info("pretraining corpus written texts=%d bytes=%d", texts, corpus.bytes)
    return corpus


@step(cached=False)
def write_secrets(agent_type: str, first: int, count: int) -> RawShard:
    """Write the made-up secrets `first` to `first + count - 1` of an agent as raw rows, to be redacted like any."""
    secrets = secret_examples(get_settings().secret_key(), agent_type, range(first, first + count))
    rows = open_store().save_rows("raw-examples", secrets)
    log.info("secrets written count=%d", count)
    return RawShard(artifact=rows, source=MEMORY_CANARIES, kind="examples", rows=count)
