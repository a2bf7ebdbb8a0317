"""Trains the tagger of strict mode: a small convolutional network (spaCy, CPU) on texts that the generator writes.

Every batch is new, so there are no epochs and nothing to overfit; the number of steps decides how long it takes. The
network reads a word's letters, its shape and what the lists say of it (`lexicon.py`). A token's class is O or one of
`LABELS`; the probabilities stay in the model's output, so that the recognizer can prefer a finding too many to one too
few. It does not measure the model: `rounds phi eval --mode strict` does.
"""

import hashlib
import json
import random
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import spacy
from pydantic import BaseModel, ConfigDict
from spacy.about import __version__ as spacy_version
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.util import registry
from thinc.api import NumpyOps, fix_random_seed, get_current_ops, set_current_ops, set_dropout_rate

from tasks.errors import PrivacyError
from tasks.phi.tagger.generator import Generator, MarkedText
from tasks.phi.tagger.lexicon import lexical_class, some_hidden
from tasks.phi.tagger.parts import LISTS
from tasks.phi.tagger.tokens import cut, words

FORMAT = 2  # of the folder: raised when an older model no longer fits the recognizer
STEPS = 2400  # two to three minutes on an idle core; 4,000 found no more, see docs/experiments.md
WORDS_A_STEP = 1500
WIDTH = 64  # 96 found no more at twice the time
META = "rounds-tagger.json"
OUTSIDE = "O"
_READERS = frozenset({"network.py", "plausibility.py", "recognizer.py", "windows.py"})  # they write no training text
LABELS = ("NAME", "GEO", "DATE", "PHONE", "OTHER_ID")
"""What the tagger learns; an e-mail address is marked by the generator and left to the rules."""


class _Ops(NumpyOps):  # type: ignore[misc]  # thinc carries no types here
    """thinc's operations with numpy's matrix product, three times as quick as thinc's own."""

    def gemm(self, x: Any, y: Any, out: Any = None, trans1: bool = False, trans2: bool = False) -> Any:
        """Return the product of two matrices, either of them turned round."""
        return np.matmul(x.T if trans1 else x, y.T if trans2 else y, out=out)


class TaggerMeta(BaseModel):
    """What a model folder says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    digest: str  # SHA-256 over the model's files
    generator: str  # first 12 digits of the SHA-256 over the generator's sources and lists
    spacy: str
    seed: int
    steps: int
    negatives: int  # texts from the user's files
    seconds: float


Progress = Callable[[int, int, float], None]
"""Called after each step with the step (from 1), the number of steps and the loss per thousand tokens."""


def train_tagger(
    folder: Path,
    *,
    seed: int = 0,
    steps: int = STEPS,
    negatives: tuple[Path, ...] = (),
    progress: Progress = lambda *_: None,
) -> TaggerMeta:
    """Train a tagger and save it as `folder`, replacing the one that is there when the new one is complete.

    `negatives` are JSON Lines files with a `text` a line, texts supposed free of PHI (abstracts, guidelines).

    Raises:
        PrivacyError: a file of negatives that is none.
    """
    began = time.monotonic()
    real = [text for file in negatives for text in _negative_texts(file)]
    usual = get_current_ops()
    set_current_ops(_Ops())
    try:
        nlp = _untrained(seed)
        _fit(nlp, _mixed(Generator(seed).texts(), real, random.Random(seed)), steps, seed, progress)
    finally:
        set_current_ops(usual)
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    # not the vocabulary: it holds the strings that were seen, and the network knows their hashes only
    nlp.to_disk(partial, exclude=["vocab", "tokenizer"])
    meta = TaggerMeta(
        format=FORMAT,
        digest=model_digest(partial),
        generator=generator_version(),
        spacy=spacy_version,
        seed=seed,
        steps=steps,
        negatives=len(real),
        seconds=round(time.monotonic() - began, 1),
    )
    (partial / META).write_text(meta.model_dump_json(indent=2) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    partial.rename(folder)
    return meta


def model_digest(folder: Path) -> str:
    """Return the SHA-256 over a model folder's files, except what the folder says of itself."""
    digest = hashlib.sha256()
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != META):
        digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def generator_version() -> str:
    """Return the first 12 digits of the SHA-256 over what the training texts are made from."""
    digest = hashlib.sha256()
    own = (
        p for p in Path(__file__).parent.iterdir() if p.suffix in {".py", ".yaml", ".txt"} and p.name not in _READERS
    )
    for file in (*sorted(own), *sorted(LISTS.iterdir())):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


def _untrained(seed: int) -> Language:
    fix_random_seed(seed)
    nlp = spacy.blank("en")
    network = {
        "@architectures": "spacy.Tagger.v2",
        "normalize": True,
        "tok2vec": {
            "@architectures": "spacy.Tok2Vec.v2",
            "embed": {
                "@architectures": "spacy.MultiHashEmbed.v2",
                "width": WIDTH,
                "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE", "LEMMA"],  # the lexical class stands as the lemma
                "rows": [5000, 1000, 2500, 2500, 500],
                "include_static_vectors": False,
            },
            "encode": {
                "@architectures": "spacy.MaxoutWindowEncoder.v2",
                "width": WIDTH,
                "depth": 4,  # a token sees four neighbours on each side
                "window_size": 1,
                "maxout_pieces": 3,
            },
        },
    }
    tagger: Any = nlp.add_pipe("tagger", config={"model": network})
    for label in (OUTSIDE, *LABELS):
        tagger.add_label(label)
    nlp.initialize(lambda: [Example.from_dict(Doc(nlp.vocab, words=["a"], lemmas=["a"]), {"tags": [OUTSIDE]})])
    return nlp


def _fit(nlp: Language, texts: Iterator[MarkedText], steps: int, seed: int, progress: Progress) -> None:
    rate = registry.get("schedules", "warmup_linear.v1")(
        initial_rate=0.003, warmup_steps=min(150, steps // 4), total_steps=steps
    )
    optimizer = registry.get("optimizers", "Adam.v1")(learn_rate=rate, use_averages=True, grad_clip=1.0, L2=0.01)
    tagger: Any = nlp.get_pipe("tagger")
    model = tagger.model
    numbers = {label: number for number, label in enumerate(tagger.labels)}
    set_dropout_rate(model, 0.1)
    rng = random.Random(seed)
    for step in range(1, steps + 1):
        with nlp.memory_zone():  # or the vocabulary grows by every made-up name
            batch = list(_batch(texts))
            docs = [_doc(nlp, text, places, rng) for text, places in batch]
            guesses, backward = model.begin_update(docs)
            loss, tokens = 0.0, 0
            for (text, places), guess in zip(batch, guesses, strict=True):
                rows, truth = np.arange(len(places)), [numbers[tag] for tag in _tags(places, text)]
                loss -= float(np.log(guess[rows, truth] + 1e-9).sum())
                tokens += len(places)
                guess[rows, truth] -= 1  # the gradient of the cross-entropy
            backward(guesses)
        model.finish_update(optimizer)
        optimizer.step_schedules()
        progress(step, steps, 1000 * loss / tokens)
    with model.use_params(optimizer.averages):
        weights = model.to_bytes()
    model.from_bytes(weights)


def _batch(texts: Iterator[MarkedText]) -> Iterator[tuple[MarkedText, list[tuple[int, int]]]]:
    tokens = 0
    while tokens < WORDS_A_STEP:
        text = next(texts)
        places = cut(text.text)
        if places:
            tokens += len(places)
            yield text, places


def _doc(nlp: Language, text: MarkedText, places: list[tuple[int, int]], rng: random.Random) -> Doc:
    read = words(text.text, places)
    return Doc(nlp.vocab, words=read, lemmas=some_hidden([lexical_class(word) for word in read], rng))


def _tags(places: list[tuple[int, int]], text: MarkedText) -> list[str]:
    tags = [OUTSIDE] * len(places)
    spans = iter(text.spans)
    span = next(spans, None)
    for number, (start, end) in enumerate(places):
        while span is not None and span[1] <= start:
            span = next(spans, None)
        if span is None:
            break
        if span[0] < end and span[2] in LABELS:
            tags[number] = span[2]
    return tags


def _mixed(made_up: Iterator[MarkedText], real: list[str], rng: random.Random) -> Iterator[MarkedText]:
    """Put one of the user's texts after every third of the generator's, in an order of its own."""
    for number, text in enumerate(made_up):
        yield text
        if real and number % 3 == 2:
            yield MarkedText(rng.choice(real), ())


def _negative_texts(file: Path) -> Iterator[str]:
    """Yield a file's texts, cut to the length of the generator's.

    Raises:
        PrivacyError: a line that is no object with a `text`. The message names the line and quotes nothing.
    """
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            try:
                text = json.loads(line)["text"]
            except (ValueError, KeyError, TypeError, RecursionError):
                text = None
            if not isinstance(text, str):
                raise PrivacyError(
                    f"Line {number} of {file} is no JSON object with a text.",
                    fix='give JSON Lines such as {"text": "..."}, texts without PHI, to --negatives',
                )
            if text.strip():
                yield text[:2000]
