"""Parity of real GGUF files with the weights they were made of, and of broken ones, which must fail."""

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from tasks.errors import DeploymentError
from tasks.gguf import parity
from tasks.gguf.probes import PROBES, ParityReport, min_agreement
from tasks.gguf.steps import check_parity
from tests.tasks.gguf import conftest
from tests.tasks.gguf.conftest import Exported
from tests.tasks.gguf.tiny_models import QWEN2_SPLIT, TEMPLATE, make_model


@pytest.mark.parametrize("place", range(len(conftest.QUANTISATIONS)), ids=conftest.QUANTISATIONS)
def test_a_trained_model_has_parity_in_every_quantisation(exported: Exported, place: int) -> None:
    report = check_parity.fn(exported.weights, exported.files[place])
    assert (report.equal, report.refused, report.ended) == (len(PROBES), 0, report.answers)
    assert report.top1_agreement >= min_agreement(report.quantisation)
    assert report.mean_kl < (1e-4 if report.quantisation == "F16" else 0.2)
    assert report.gguf_sha256 == exported.files[place].artifact.sha256


def altered(exported: Exported, to: Path, file: str, old: str, new: str) -> Path:
    """Copy the model folder with one text in one file replaced, as an edit after the export would have it."""
    folder = shutil.copytree(exported.folder, to / "altered")
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_another_chat_template_names_probe_token_and_cause(exported: Exported, tmp_path: Path) -> None:
    folder = altered(exported, tmp_path, "chat_template.jinja", "<|im_end|>\\n' }}", "<|im_end|>' }}")
    with pytest.raises(DeploymentError, match=r'Probe "a question": token \d+ is .*the two chat templates differ'):
        check(exported, folder)


def test_a_template_that_refuses_what_the_other_takes_is_a_difference(exported: Exported, tmp_path: Path) -> None:
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE
    folder = altered(exported, tmp_path, "chat_template.jinja", TEMPLATE, refusing)
    with pytest.raises(DeploymentError, match="the chat template of training refuses it"):
        check(exported, folder)


def test_text_split_otherwise_before_bpe_is_found(exported: Exported, tmp_path: Path) -> None:
    split = json.dumps(QWEN2_SPLIT)[1:-1]
    lone = split.replace(r"[^\\r\\n\\p{L}\\p{N}]?\\p{L}+", r"\\p{L}+")  # a space no longer goes with the word after it
    folder = altered(exported, tmp_path, "tokenizer.json", split, lone)
    with pytest.raises(DeploymentError, match=r"text is split otherwise.*rounds_pre_tokenizer"):
        check(exported, folder)


def test_bos_that_only_training_adds_is_named(exported: Exported, tmp_path: Path) -> None:
    folder = altered(exported, tmp_path, "chat_template.jinja", TEMPLATE, "<|endoftext|>" + TEMPLATE)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"bos_token": "<|endoftext|>"}))
    with pytest.raises(DeploymentError, match=r"token 0 is .*BOS is added on one side only"):
        check(exported, folder)


def test_other_weights_of_the_same_shape_are_found_by_their_next_tokens(exported: Exported, tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match=r"F16: 0\.\d+ of next tokens equal the weights', 0\.99 needed"):
        check(exported, make_model(tmp_path / "random"), trained=False)


def test_a_file_with_another_template_than_on_record_is_refused(exported: Exported) -> None:
    other = exported.files[0].model_copy(update={"chat_template_sha256": "0" * 64})
    with pytest.raises(DeploymentError, match="not the one on record"):
        parity.check(exported.folder, exported.store.path(other.artifact), other)


def test_a_cut_file_is_refused(exported: Exported, tmp_path: Path) -> None:
    whole = exported.store.path(exported.files[0].artifact)
    (tmp_path / "cut.gguf").write_bytes(whole.read_bytes()[:-100_000])
    with pytest.raises(DeploymentError, match=r"cannot load cut\.gguf"):
        parity.check(exported.folder, tmp_path / "cut.gguf", exported.files[0])


@pytest.mark.parametrize(
    ("quantisation", "top1", "ended", "trained", "refused"),
    [
        ("Q6_K", 0.95, 1, True, None),
        ("Q6_K", 0.94, 1, True, "next tokens"),
        ("Q6_K", 0.94, 0, False, None),
        ("F16", 0.97, 2, False, "next tokens"),
        ("F16", 1.0, 0, True, "no greedy answer ended"),
        ("F16", 1.0, 0, False, None),
        ("IQ2_XXS", 0.5, 1, True, None),
    ],
)
def test_thresholds(quantisation: str, top1: float, ended: int, trained: bool, refused: str | None) -> None:
    report = ParityReport(
        gguf_sha256="0",
        quantisation=quantisation,
        probes=1,
        equal=1,
        refused=0,
        positions=100,
        top1_agreement=top1,
        mean_kl=0.1,
        answers=2,
        ended=ended,
    )
    if refused is None:
        parity.judge(report, trained=trained)
    else:
        with pytest.raises(DeploymentError, match=refused):
            parity.judge(report, trained=trained)


def test_near_ties_are_left_out_of_the_agreement_unless_there_is_nothing_else() -> None:
    clear, tie = np.log([[0.6, 0.3, 0.1]]), np.log([[0.41, 0.40, 0.19]])
    assert parity.decisive(np.concatenate((clear, tie))).tolist() == [True, False]
    assert parity.decisive(np.concatenate((tie, tie))).tolist() == [True, True]


def test_kl_divergence_of_a_fair_and_a_biased_coin() -> None:
    fair, biased = np.zeros((1, 2)), np.log([[0.9, 0.1]])
    assert parity.kl_divergence(fair, biased) == pytest.approx([0.5 * math.log(0.5 / 0.9) + 0.5 * math.log(0.5 / 0.1)])
    assert parity.kl_divergence(biased, biased) == pytest.approx([0.0])


def test_kl_divergence_agrees_with_scipy_also_for_large_logits() -> None:
    rng = np.random.default_rng(7)
    ours, theirs = rng.normal(500, 30, (4, 50)), rng.normal(500, 30, (4, 50))
    expected = entropy(softmax(ours, axis=1), softmax(theirs, axis=1), axis=1)
    assert parity.kl_divergence(ours, theirs) == pytest.approx(expected)


def check(exported: Exported, folder: Path, *, trained: bool = True) -> ParityReport:
    full = exported.files[0]
    return parity.check(folder, exported.store.path(full.artifact), full, trained=trained)
