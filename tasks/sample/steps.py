"""Steps that make what a machine without data needs: text to pre-train the tiny base on."""

import logging

from infra.artifacts import open_store
from tasks.policies import step
from tasks.records import Artifact
from tasks.sample.pretraining import pretraining_texts

log = logging.getLogger(__name__)


@step()
def write_pretraining_corpus(seed: int, texts: int) -> Artifact:
    """Write `texts` made-up texts, one a row {"text": …}, for pre-training the tiny base model."""
    corpus = open_store().save_rows("corpus", ({"text": text} for text in pretraining_texts(seed, texts)))
    log.info("pretraining corpus written texts=%d bytes=%d", texts, corpus.bytes)
    return corpus
