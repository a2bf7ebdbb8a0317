"""The trained network as it is read: an embedding for each word, remembered, and layers of plain arrays.

A word's embedding depends on the word alone, so a word that was met before costs a look-up; the convolutions above it
are matrix products over a whole stretch of text (numpy's are three times as quick as spaCy's here). The arithmetic is
that of spaCy's `Tok2Vec.v2` and `Tagger.v2` as `training.py` sets them up; a test compares the two. It does not train.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import spacy
from spacy.strings import get_string_id

from tasks.phi.tagger.lexicon import lexical_class

_REMEMBERED = 50_000  # words, 256 bytes each; a guard against a text of endless invented ones
_EPSILON = 1e-8  # as in thinc's layer norm
_ATTRIBUTES = ("NORM", "PREFIX", "SUFFIX", "SHAPE")  # as the columns in `training.py`; the lexical class comes last

Array = npt.NDArray[np.float32]


class _Maxout:
    """A linear layer, the largest of its pieces, and a norm."""

    def __init__(self, block: Any) -> None:
        maxout, norm = _all(block, "maxout")[0], _all(block, "layernorm")[0]
        weights, bias = maxout.get_param("W"), maxout.get_param("b")
        self._width, self._pieces = bias.shape
        # piece after piece, so that the largest is taken among three blocks instead of along a short axis
        self._weights = np.ascontiguousarray(weights.transpose(2, 1, 0).reshape(weights.shape[2], -1))
        self._bias = bias.T.ravel()
        self._gain, self._shift = norm.get_param("G"), norm.get_param("b")

    def __call__(self, x: Array) -> Array:
        width = self._width
        pieces = x @ self._weights
        pieces += self._bias
        best: Array = pieces[:, :width]
        for piece in range(1, self._pieces):
            best = np.maximum(best, pieces[:, piece * width : (piece + 1) * width])
        best -= np.add.reduce(best, axis=1, keepdims=True) / width
        best *= 1 / np.sqrt(np.einsum("ij,ij->i", best, best) / width + _EPSILON)[:, None]
        best *= self._gain
        best += self._shift
        return best


class Network:
    """A trained tagger, for reading only."""

    def __init__(self, model: Path) -> None:
        """Load the model in that folder."""
        nlp = spacy.load(model, exclude=["vocab", "tokenizer"])
        tagger: Any = nlp.get_pipe("tagger")
        tok2vec, output = tagger.model.layers
        embed, encode = tok2vec.layers
        self.labels: list[str] = list(tagger.labels)
        vocab: Any = nlp.vocab
        self._attributes = [vocab.lex_attr_getters[vocab.strings[attribute]] for attribute in _ATTRIBUTES]
        self._attributes.append(lexical_class)
        self._hashed = _all(embed, "hashembed")
        self._mix = _Maxout(embed)
        self._layers = [_Maxout(block) for block in encode.layers[0].layers]
        softmax = _all(output, "softmax")[0]
        self._out, self._out_bias = softmax.get_param("W").T.copy(), softmax.get_param("b")
        self._rows: dict[str, int] = {}
        self._table: Array = np.zeros((1024, len(self._out)), np.float32)

    def probabilities(self, words: Sequence[str]) -> Array:
        """Return the probability of each label for each word, (words, labels)."""
        try:
            rows = [self._rows[word] for word in words]
        except KeyError:
            self._learn(words)
            rows = [self._rows[word] for word in words]
        # edges look as they did in training: so many empty neighbours, which the layers fill
        edge, width = len(self._layers), len(self._out)
        x: Array = np.zeros((len(rows) + 2 * edge, width), np.float32)
        x[edge:-edge] = self._table[rows]
        neighbours: Array = np.zeros((len(x), 3 * width), np.float32)
        for layer in self._layers:
            neighbours[1:, :width] = x[:-1]
            neighbours[:, width : 2 * width] = x
            neighbours[:-1, 2 * width :] = x[1:]
            x += layer(neighbours)
        scores: Array = x[edge:-edge] @ self._out + self._out_bias
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores

    def _learn(self, words: Sequence[str]) -> None:
        """Remember the embeddings of the words that are new."""
        if len(self._rows) > _REMEMBERED:
            self._rows = {}
        new = [word for word in dict.fromkeys(words) if word not in self._rows]
        first = len(self._rows)
        while first + len(new) > len(self._table):
            self._table = np.concatenate((self._table, np.zeros_like(self._table)))
        self._table[first : first + len(new)] = self._embedded(new)
        self._rows.update(zip(new, range(first, first + len(new)), strict=True))

    def _embedded(self, words: Sequence[str]) -> Array:
        ids = np.array([[get_string_id(read(w)) for w in words] for read in self._attributes], np.uint64)
        parts = []
        for hashed, column in zip(self._hashed, ids, strict=True):
            table = hashed.get_param("E")
            parts.append(table[hashed.ops.hash(column, hashed.attrs["seed"]) % len(table)].sum(axis=1))
        return self._mix(np.concatenate(parts, axis=1))


def _all(model: Any, name: str) -> list[Any]:
    return [layer for layer in model.walk() if layer.name == name]
