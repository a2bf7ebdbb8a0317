"""Whether a GGUF file is the model that was trained: the same token ids, the same next tokens, an end to its answers.

Both sides render their own copy of the chat template: Hugging Face its tokenizer's, llama.cpp the one embedded in the
file, through llama-cpp-python's Jinja renderer as serving does. Ids must be equal for every probe. Logits are compared
along the same ids, so that one early difference does not spread.
"""

import ctypes
import logging
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import llama_cpp
import numpy as np
import torch
from llama_cpp.llama_chat_format import Jinja2ChatFormatter
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from infra.settings import get_settings
from tasks.errors import DeploymentError
from tasks.gguf.naming import AGAIN, TEMPLATE_KEY, missing_metadata, template_sha256
from tasks.gguf.probes import (
    ANSWER_PROBES,
    ANSWER_TOKENS,
    LOGIT_PROBES,
    PROBES,
    ParityReport,
    Probe,
    min_agreement,
    probe_named,
)
from tasks.records import GgufFile

logger = logging.getLogger(__name__)

CONTEXT_TOKENS = 512  # logits of a whole context are kept: 0.5 GiB in a vocabulary of 256,000
CLEAR_LEAD = 0.1  # of probability, before the second token
FLOAT32_BYTES = 4 << 30  # weights up to this size are compared in 32 bit; larger ones in their own type


class Rendered(NamedTuple):
    """One side's view of a probe; no ids where its template refuses the conversation."""

    text: str
    ids: list[int] | None


class Agreement(NamedTuple):
    """Next tokens of both sides along the same ids."""

    positions: int
    top1: float
    kl: float


def check(folder: Path, gguf: Path, file: GgufFile, *, trained: bool = True) -> ParityReport:
    """Compare a Hugging Face folder with a GGUF file made of it.

    With `trained` false (random or barely trained weights) a low agreement of a quantised type and an answer without
    an end are reported, not refused.

    Raises:
        DeploymentError: what differs first, and what usually causes it.
    """
    llama, tokenizer = _load_gguf(gguf), AutoTokenizer.from_pretrained(str(folder))
    try:
        _check_metadata(llama.metadata, file)
        refused = sum(_check_tokens(llama, tokenizer, probe) for probe in PROBES)
        agreement = compare_logits(folder, llama, [_ids(llama, name)[:CONTEXT_TOKENS] for name in LOGIT_PROBES])
        ended = sum(ends(llama, _ids(llama, name)) for name in ANSWER_PROBES)
    finally:
        llama.close()
    report = ParityReport(
        gguf_sha256=file.artifact.sha256,
        quantisation=file.quantisation,
        probes=len(PROBES),
        equal=len(PROBES),
        refused=refused,
        positions=agreement.positions,
        top1_agreement=agreement.top1,
        mean_kl=agreement.kl,
        answers=len(ANSWER_PROBES),
        ended=ended,
    )
    judge(report, trained=trained)
    return report


def render_gguf(llama: llama_cpp.Llama, probe: Probe) -> Rendered:
    """Render and tokenise a probe as serving does: the embedded template, special tokens parsed, no BOS added."""
    text_of = llama._model.token_get_text  # as llama-cpp-python's own chat handler does
    bos, eos = (text_of(token) if token != -1 else "" for token in (llama.token_bos(), llama.token_eos()))
    formatter = Jinja2ChatFormatter(template=llama.metadata[TEMPLATE_KEY], bos_token=bos, eos_token=eos)
    try:
        text = formatter(messages=[m.model_dump() for m in probe.messages]).prompt
    except (jinja2.TemplateError, ValueError):  # a template refuses with raise_exception, which is a ValueError here
        return Rendered("", None)
    return Rendered(text, llama.tokenize(text.encode(), add_bos=False, special=True))


def render_hugging_face(tokenizer: PreTrainedTokenizerBase, probe: Probe) -> Rendered:
    """Render and tokenise a probe as training does."""
    turns = [m.model_dump() for m in probe.messages]
    try:
        text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    except jinja2.TemplateError:
        return Rendered("", None)
    return Rendered(text, tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False))


def compare_logits(folder: Path, llama: llama_cpp.Llama, prompts: list[list[int]]) -> Agreement:
    """Compare the next-token distributions of both sides at every position of the prompts (token ids)."""
    weights = sum(file.stat().st_size for file in folder.glob("*.safetensors"))
    dtype = torch.float32 if weights <= FLOAT32_BYTES else "auto"
    model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype).eval()
    same, divergences = [], []
    for ids in prompts:
        with torch.inference_mode():
            ours = model(torch.tensor([ids])).logits[0].float().numpy()
        theirs = _llama_logits(llama, ids)[:, : ours.shape[1]]
        same.append((ours.argmax(axis=1) == theirs.argmax(axis=1))[decisive(ours)])
        divergences.append(kl_divergence(ours, theirs))
    kl = np.concatenate(divergences)
    return Agreement(len(kl), float(np.concatenate(same).mean()), float(kl.mean()))


def decisive(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return at which positions the weights prefer a token clearly; all of them where that is so at none.

    Elsewhere the first two are all but equal, as they are on text that a small model never saw, and rounding turns
    them round: that says nothing of the file. Logits have the shape `(positions, vocabulary)`.
    """
    first_two = np.sort(np.exp(_log_softmax(logits)), axis=1)[:, -2:]
    clear: np.ndarray[Any, Any] = first_two[:, 1] - first_two[:, 0] >= CLEAR_LEAD
    return clear if clear.any() else np.ones(len(logits), dtype=bool)


def kl_divergence(reference: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return KL(reference ‖ other) of softmaxed logits, in nats, by row; shapes `(positions, vocabulary)`."""
    log_p, log_q = _log_softmax(reference), _log_softmax(other)
    divergence: np.ndarray[Any, Any] = (np.exp(log_p) * (log_p - log_q)).sum(axis=1)
    return divergence


def ends(llama: llama_cpp.Llama, prompt: list[int]) -> bool:
    """Return whether the greedy answer reaches a token that llama.cpp stops at within `ANSWER_TOKENS`."""
    llama.reset()
    vocab = llama._model.vocab  # end-of-generation tokens are not exposed otherwise
    for token, _ in zip(llama.generate(prompt, temp=0.0, top_k=1), range(ANSWER_TOKENS), strict=False):
        if llama_cpp.llama_vocab_is_eog(vocab, token):
            return True
    return False


def _load_gguf(gguf: Path) -> llama_cpp.Llama:
    """Load a file for logits at all positions."""
    threads = get_settings().threads or None
    try:
        return llama_cpp.Llama(
            str(gguf), n_ctx=CONTEXT_TOKENS, n_batch=CONTEXT_TOKENS, n_threads=threads, logits_all=True, verbose=False
        )
    except (ValueError, OSError) as error:
        raise DeploymentError(f"llama.cpp cannot load {gguf.name}.", fix=AGAIN) from error


def _check_metadata(metadata: dict[str, str], file: GgufFile) -> None:
    """Refuse a file that does not say what it is, or whose template is not the one on record."""
    if missing := missing_metadata(metadata):
        raise DeploymentError(f"The GGUF lacks {', '.join(missing)}.", fix=AGAIN)
    if template_sha256(metadata) != file.chat_template_sha256:
        raise DeploymentError("The GGUF's chat template is not the one on record.", fix=AGAIN)


def _check_tokens(llama: llama_cpp.Llama, tokenizer: PreTrainedTokenizerBase, probe: Probe) -> bool:
    """Raise at the first differing token of a probe; return whether both templates refuse it."""
    trained, served = render_hugging_face(tokenizer, probe), render_gguf(llama, probe)
    if trained.ids == served.ids:
        return trained.ids is None
    what, cause = first_difference(trained, served, tokenizer, llama)
    raise DeploymentError(f'Probe "{probe.name}": {what}.', fix=f"{cause}, then export again")


def first_difference(
    trained: Rendered, served: Rendered, tokenizer: PreTrainedTokenizerBase, llama: llama_cpp.Llama
) -> tuple[str, str]:
    """Return what differs first between two unequal renderings, and what cures its usual cause."""
    if trained.ids is None or served.ids is None:
        side = "training" if trained.ids is None else "the GGUF"
        return f"the chat template of {side} refuses it, the other does not", "embed the tokenizer's own chat template"
    pairs = zip([*trained.ids, -1], [*served.ids, -1], strict=False)
    at, (ours, theirs) = next((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1])
    expected = "the end" if ours == -1 else f"{ours} ({tokenizer.convert_ids_to_tokens(ours)!r})"
    seen = "the end" if theirs == -1 else f"{theirs} ({llama._model.token_get_text(theirs)!r})"
    what = f"token {at} is {expected} in training and {seen} in the GGUF"
    return what, _usual_cure(at, trained, served, tokenizer, llama)


def _usual_cure(
    at: int, trained: Rendered, served: Rendered, tokenizer: PreTrainedTokenizerBase, llama: llama_cpp.Llama
) -> str:
    """Return what cures the usual cause of a first difference at token `at`."""
    assert trained.ids is not None
    assert served.ids is not None
    if at == 0 and (tokenizer.bos_token_id in trained.ids[:1] or llama.token_bos() in served.ids[:1]):
        return "BOS is added on one side only: let the chat template alone write it"
    if trained.text != served.text:
        return "the two chat templates differ: embed the tokenizer's own, and write nothing into it by hand"
    if at < len(trained.ids) and trained.ids[at] in tokenizer.all_special_ids:
        return "a special token is plain text in the GGUF: add it to the tokenizer before the model is saved"
    if at < len(trained.ids) and trained.ids[at] in tokenizer.get_added_vocab().values():
        return "an added token is unknown to the GGUF: save tokenizer and model into one folder"
    return (
        "text is split otherwise before BPE (digits, white space, letters): name the pre-tokenizer that the tokenizer "
        'really has in config.json as "rounds_pre_tokenizer"'
    )


def _ids(llama: llama_cpp.Llama, name: str) -> list[int]:
    """Return the served ids of a probe, or of plain text where the template refuses its roles."""
    probe = probe_named(name)
    ids = render_gguf(llama, probe).ids
    return ids if ids is not None else llama.tokenize(probe.messages[-1].content.encode(), add_bos=True)


def _llama_logits(llama: llama_cpp.Llama, ids: list[int]) -> np.ndarray[Any, Any]:
    """Return llama.cpp's logits `(positions, vocabulary)` of a prompt."""
    llama.reset()
    llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(llama.ctx), ctypes.c_bool(True))
    llama.eval(ids)
    return np.array(llama.scores[: len(ids)])


def _log_softmax(logits: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    normalised: np.ndarray[Any, Any] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normalised


def judge(report: ParityReport, *, trained: bool) -> None:
    """Refuse a file whose next tokens are not those of the weights, or whose answers do not end."""
    logger.info(
        "parity type=%s probes=%d top1=%.4f kl=%.5f ended=%d/%d",
        report.quantisation,
        report.probes,
        report.top1_agreement,
        report.mean_kl,
        report.ended,
        report.answers,
    )
    needed = min_agreement(report.quantisation)
    if report.top1_agreement < needed and (trained or report.quantisation in {"F16", "BF16", "F32"}):
        raise DeploymentError(
            f"{report.quantisation}: {report.top1_agreement:.3f} of next tokens equal the weights', {needed} needed.",
            fix="choose a finer quantisation; if F16 differs too, the conversion is at fault",
        )
    if trained and not report.ended:
        raise DeploymentError(
            f"{report.quantisation}: no greedy answer ended within {ANSWER_TOKENS} tokens.",
            fix="train on whole turns, whose stop token is neither masked nor the padding token",
        )
