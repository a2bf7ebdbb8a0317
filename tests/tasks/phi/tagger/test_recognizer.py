"""Strict mode's recognizer: models that cannot be used, windows, filters, further mentions, flat memory."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc

from tasks.errors import ConfigError
from tasks.phi.detection import Detector
from tasks.phi.recognizers import RECOGNIZERS
from tasks.phi.tagger.lexicon import lexical_class
from tasks.phi.tagger.network import Network
from tasks.phi.tagger.plausibility import Token
from tasks.phi.tagger.recognizer import TaggerRecognizer
from tasks.phi.tagger.tokens import cut, words
from tasks.phi.tagger.training import META, TaggerMeta
from tests.tasks.phi.hostile import assert_linear


@pytest.fixture(scope="module")
def recognizer(tagger: tuple[Path, TaggerMeta]) -> TaggerRecognizer:
    return TaggerRecognizer(tagger[0])


def test_a_missing_model_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        TaggerRecognizer(tmp_path / "none")
    assert "rounds phi train-tagger" in str(raised.value.fix)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda meta: meta.replace('"format": 2', '"format": 0'), "format 0"),
        (lambda meta: meta.replace('"spacy": "3', '"spacy": "2'), "spaCy 2"),
        (lambda meta: "{}", "does not say"),
        (lambda meta: "no JSON", "does not say"),
        (lambda meta: meta.replace('"digest": "', '"digest": "0'), "not those that were trained"),
    ],
)
def test_a_model_of_another_kind_is_refused(
    change: Callable[[str], str], says: str, tagger: tuple[Path, TaggerMeta], tmp_path: Path
) -> None:
    folder = shutil.copytree(tagger[0], tmp_path / "m")
    (folder / META).write_text(change((folder / META).read_text()))
    with pytest.raises(ConfigError, match=says):
        TaggerRecognizer(folder)


def test_a_model_whose_files_changed_is_refused(tagger: tuple[Path, TaggerMeta], tmp_path: Path) -> None:
    folder = shutil.copytree(tagger[0], tmp_path / "m")
    with (folder / "tagger" / "model").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ConfigError, match="not those that were trained"):
        TaggerRecognizer(folder)


def test_strict_mode_finds_what_the_rules_find_and_more(tagger: tuple[Path, TaggerMeta], detector: Detector) -> None:
    text = "Mr. John Smith, MRN: 4471203, came with his friend Quorvenia from Oakfield on 3/4/2023."
    recognizers = [*(kind() for kind in RECOGNIZERS), TaggerRecognizer(tagger[0])]
    strict = {i for f in Detector(recognizers).find(text) for i in range(f.start, f.end)}
    assert strict >= {i for f in detector.find(text) for i in range(f.start, f.end)}


def test_offsets_are_valid_on_odd_texts(recognizer: TaggerRecognizer) -> None:
    for text in (
        "",
        " ",
        "\n\n",
        "x",
        "\ud800 Ann",
        "a" * 9000,
        "Ann " * 3000,
        "日本 Ann\x00 12/3",
        "\t" * 5000 + "Ann",
    ):
        done = 0
        for start, end, _, score in recognizer.find(text):
            assert done <= start < end <= len(text)
            assert 0 <= score <= 1
            done = end


def test_a_token_is_read_alike_wherever_the_windows_fall(recognizer: TaggerRecognizer) -> None:
    sentence = "Seen by Dr. Quorven in Oakfield on 3/4/2023 for asthma. "
    alone = [
        (f.start, f.end, f.label) for f in recognizer.find(sentence * 3) if len(sentence) <= f.start < 2 * len(sentence)
    ]
    for copy in (70, 71, 72, 140, 143):  # the windows' edges lie within some of these
        shift = (copy - 1) * len(sentence)
        inside = [f for f in recognizer.find(sentence * 200) if 0 <= f.start - shift - len(sentence) < len(sentence)]
        assert [(f.start - shift, f.end - shift, f.label) for f in inside] == alone


@pytest.mark.parametrize(
    "bait", ["a" * 100_000, "a@" * 50_000, "1/" * 50_000, "(" * 100_000, "http://" * 15_000, "A." * 50_000]
)
def test_hostile_repetition_is_read_in_time(bait: str, recognizer: TaggerRecognizer) -> None:
    assert_linear(recognizer.find, bait)


def test_neither_an_eponym_nor_an_acronym_follows_a_name(
    recognizer: TaggerRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Ann Graves (QVLT) came. We asked Graves to stay. No Graves disease and no QVLT."
    found = [Token(0, 10, "NAME", 1.0), Token(12, 16, "NAME", 1.0)]
    monkeypatch.setattr(recognizer, "_flagged", lambda window, offset: iter(found))
    assert text.index("asked Graves") + 6 in [f.start for f in recognizer.find(text)]
    assert not {text.index("Graves disease"), text.index("QVLT.")} & {f.start for f in recognizer.find(text)}


def test_a_name_that_is_a_word_follows_within_a_sentence_only(
    recognizer: TaggerRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Will Quorvenia came. Will he stay? We asked Will. He will."
    monkeypatch.setattr(recognizer, "_flagged", lambda window, offset: iter([Token(0, 14, "NAME", 1.0)]))
    assert [f.start for f in recognizer.find(text)] == [0, text.index("asked Will") + 6]


def test_further_mentions_of_a_name_follow(recognizer: TaggerRecognizer, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Ann Quorvenia came. Later Quorvenia left; QUORVENIA slept, no quorvenia."

    def first_only(window: str, offset: int) -> Iterator[Token]:
        yield Token(4, 13, "NAME", 0.99)

    monkeypatch.setattr(recognizer, "_flagged", first_only)
    assert [text[f.start : f.end] for f in recognizer.find(text)] == ["Quorvenia", "Quorvenia", "QUORVENIA"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("BP 120/80, T 38.4", ["BP", "120/80", ",", "T", "38.4"]),
        ("O'Shea's x4471", ["O'Shea", "'", "s", "x4471"]),
        ("19-Jan-2024", ["19", "-", "Jan", "-", "2024"]),
        ("12mg T2DM", ["12mg", "T2DM"]),
        ("a\n \nb  c", ["a", "\n \n", "b", "  ", "c"]),
        ("___ x_y", ["___", "x", "_", "y"]),
    ],
)
def test_texts_are_cut_into_words_numbers_marks_and_breaks(text: str, tokens: list[str]) -> None:
    assert [text[start:end] for start, end in cut(text)] == tokens


def test_the_network_reads_as_spacy_does(tagger: tuple[Path, TaggerMeta]) -> None:
    network = Network(tagger[0])
    nlp = spacy.load(tagger[0], exclude=["vocab", "tokenizer"])
    trained: Any = nlp.get_pipe("tagger")
    for text in ("Ann", "Seen 3/4/2023 by Dr. Quorven:\n\n  $5, 10,000 \ud800 日本 “q” x", "a b " * 300):
        read = words(text, cut(text))
        theirs = trained.model.predict([Doc(nlp.vocab, words=read, lemmas=[lexical_class(word) for word in read])])[0]
        assert np.abs(network.probabilities(read) - theirs).max() < 1e-4


def test_the_words_that_are_remembered_are_bounded(
    recognizer: TaggerRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.phi.tagger.network._REMEMBERED", 500)
    sentence = "Seen by Dr. Quorven in Oakfield."
    before = recognizer.find(sentence)
    for n in range(20):
        recognizer.find(" ".join(f"Word{m}" for m in range(n * 100, n * 100 + 100)))
    assert len(recognizer._network._rows) <= 600
    assert recognizer.find(sentence) == before


def test_rules_alone_load_neither_the_tagger_nor_a_model() -> None:
    code = (
        "import sys; import tasks.phi.detection as d; d.Detector().find('Mr. John Smith');"
        "assert not [m for m in sys.modules if m.startswith('tasks.phi.tagger') or m == 'tasks.phi.extra']"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
