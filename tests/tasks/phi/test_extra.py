"""Recognizers by configuration: a Hugging Face model made on the spot, patterns, a spaCy model, and every mistake."""

import importlib
import json
from pathlib import Path

import pytest
import spacy
import torch
import yaml
from transformers import BertConfig, BertForTokenClassification, BertTokenizerFast

from tasks.errors import ConfigError, PrivacyError
from tasks.phi.detection import Detector
from tasks.phi.extra import configured_recognizers

TEXT = "Seen with Quorvenia today."


@pytest.fixture(scope="module")
def token_classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a token classifier of random weights, but for a bias: every piece of a word is a patient."""
    folder = tmp_path_factory.mktemp("model")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "seen", "with", "today", "quor", "##venia", "."]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab={word: i for i, word in enumerate(words)}).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        id2label={0: "O", 1: "B-PATIENT"}, label2id={"O": 0, "B-PATIENT": 1},
    )  # fmt: skip
    model = BertForTokenClassification(config)
    with torch.no_grad():
        embeddings = model.bert.embeddings.word_embeddings.weight
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([-4.0, 4.0]))
        embeddings.normal_()
    model.save_pretrained(folder)
    return folder


def written(folder: Path, *entries: dict[str, object]) -> Path:
    file = folder / "recognizers.yaml"
    file.write_text(yaml.safe_dump({"recognizers": list(entries)}), encoding="utf-8")
    return file


def hugging_face(model: Path, **more: object) -> dict[str, object]:
    return {
        "name": "tiny",
        "class_name": "HuggingFaceNerRecognizer",
        "type": "predefined",
        "model_name": str(model),
        "label_mapping": {"PATIENT": "NAME"},
        "device": "cpu",
        **more,
    }


def test_a_hugging_face_model_finds_whole_words_under_its_mapping(token_classifier: Path, tmp_path: Path) -> None:
    [recognizer] = configured_recognizers(written(tmp_path, hugging_face(token_classifier)))
    found = Detector([recognizer]).find(TEXT)
    assert {f.category for f in found} == {"NAME"}
    assert "Quorvenia" in " ".join(TEXT[f.start : f.end] for f in found)
    assert {f.recognizer for f in found} == {"tiny"}


def test_libraries_that_were_hidden_while_presidio_was_imported_are_found_again(
    token_classifier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module("presidio_analyzer.predefined_recognizers.ner.huggingface_ner_recognizer")
    monkeypatch.setattr(module, "hf_pipeline", None)
    monkeypatch.setattr(module, "torch", None)
    [recognizer] = configured_recognizers(written(tmp_path, hugging_face(token_classifier)))
    assert Detector([recognizer]).find(TEXT)


def test_a_label_without_a_mapping_is_some_other_identifier(token_classifier: Path, tmp_path: Path) -> None:
    entry = hugging_face(token_classifier, label_mapping={"DOCTOR": "NAME"})
    [recognizer] = configured_recognizers(written(tmp_path, entry))
    assert {f.category for f in Detector([recognizer]).find(TEXT)} == {"OTHER_ID"}


def test_a_model_that_fails_stops_the_text_and_quotes_nothing(token_classifier: Path, tmp_path: Path) -> None:
    [recognizer] = configured_recognizers(written(tmp_path, hugging_face(token_classifier)))

    def broken(text: str) -> None:
        raise ValueError(f"cannot read {text}")

    recognizer._inner.ner_pipeline._pipeline = broken
    with pytest.raises(PrivacyError) as raised:
        Detector([recognizer]).find(TEXT)
    assert "Quorvenia" not in str(raised.value)
    with pytest.raises(PrivacyError, match="ValueError"):
        recognizer.analyze(TEXT, ["NAME"], None)


def test_patterns_of_ones_own_and_disabled_entries(tmp_path: Path) -> None:
    pattern = {"name": "site code", "regex": r"\bQX-\d{4}\b", "score": 0.9}
    own = {"name": "site", "supported_entity": "SITE_CODE", "patterns": [pattern]}
    off = {"name": "off", "class_name": "NoSuchRecognizer", "type": "predefined", "enabled": False}
    [recognizer] = configured_recognizers(written(tmp_path, own, off))
    text = "Moved to QX-4471."
    assert [(f.category, text[f.start : f.end]) for f in Detector([recognizer]).find(text)] == [("OTHER_ID", "QX-4471")]


def test_a_spacy_model_is_read_in_windows(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "PERSON", "pattern": "Quorvenia"}])
    nlp.to_disk(tmp_path / "model")
    entry = {
        "name": "spacy",
        "class_name": "SpacyModelRecognizer",
        "type": "predefined",
        "model_name": str(tmp_path / "model"),
    }
    [recognizer] = configured_recognizers(written(tmp_path, entry))
    text = "well rested " * 1000 + "Quorvenia " + "well rested " * 1000
    [found] = Detector([recognizer]).find(text)
    assert (found.category, text[found.start : found.end]) == ("NAME", "Quorvenia")


@pytest.mark.parametrize(
    ("entry", "says", "why"),
    [
        ({"name": "x", "class_name": "NoSuchRecognizer"}, "NoSuchRecognizer", "unknown class"),
        ({"name": "x", "class_name": "GLiNERRecognizer"}, "gliner", "library that is not installed"),
        ({"name": "x", "class_name": "SpacyRecognizer"}, "SpacyModelRecognizer", "needs an NLP engine"),
        (
            {"name": "x", "class_name": "SpacyModelRecognizer", "model_name": "no_such_model"},
            "no_such_model",
            "no model",
        ),
        ({"name": "x", "class_name": "SpacyModelRecognizer", "model": "m"}, "model", "misspelt argument"),
        ({"name": "x", "class_name": "UsSsnRecognizer", "supported_languages": ["de"]}, "English", "other language"),
        ({"name": "x"}, "cannot be built", "neither class nor patterns"),
    ],
)
def test_a_mistake_in_an_entry_is_named(entry: dict[str, object], says: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as raised:
        configured_recognizers(written(tmp_path, entry))
    assert says in f"{raised.value} {raised.value.fix}", why


@pytest.mark.parametrize(
    "content", ["", "recognizers: []", "recognizers: {a: b}", "- a", "recognizers: [a]", "a: [", "\x00", "[" * 5000]
)
def test_a_file_that_is_no_configuration_is_refused(content: str, tmp_path: Path) -> None:
    file = tmp_path / "recognizers.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"recognizers\.yaml"):
        configured_recognizers(file)


def test_a_missing_file_is_refused_and_not_replaced_by_defaults(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent\.yaml"):
        configured_recognizers(tmp_path / "absent.yaml")


def test_json_is_yaml_too(tmp_path: Path) -> None:
    file = tmp_path / "recognizers.json"
    entry = {"name": "ssn", "class_name": "UsSsnRecognizer", "type": "predefined"}
    file.write_text(json.dumps({"recognizers": [entry]}), encoding="utf-8")
    [recognizer] = configured_recognizers(file)
    assert recognizer.supported_entities == ["US_SSN"]
