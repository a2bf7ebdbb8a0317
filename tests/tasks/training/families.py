"""Small vocabularies with the special tokens of the families that recipes name, and chat templates like theirs.

The templates of Llama 3, Qwen, Gemma and DeepSeek-R1's distils are those that TRL installs; Mistral's manner and a base
without a template are written here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import trl
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import AddedToken, PreTrainedTokenizerFast

from tasks.training.base_loading import PLAIN_CHAT
from tasks.training.tiny_base import CHAT_TEMPLATE

TRL = Path(trl.__file__).parent / "chat_templates"
MISTRAL = (
    "{{ bos_token }}{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate, beginning with the user') }}{% endif %}"
    "{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}"
    "{% else %}{{ ' ' + m.content | trim + eos_token }}{% endif %}{% endfor %}"
)
# The system's words stand before the last question, so that a prompt is no beginning of the longer transcript.
MISTRAL_WITH_SYSTEM = (
    "{% set ns = namespace(system='', rest=messages) %}{% if messages[0].role == 'system' %}"
    "{% set ns.system = messages[0].content %}{% set ns.rest = messages[1:] %}{% endif %}{{ bos_token }}"
    "{% for m in ns.rest %}{% if m.role == 'user' %}{{ '[INST] ' }}"
    "{% if ns.system and m == (ns.rest | selectattr('role', 'equalto', 'user') | list)[-1] %}{{ ns.system + '\n\n' }}"
    "{% endif %}{{ m.content + '[/INST]' }}{% else %}{{ ' ' + m.content + eos_token }}{% endif %}{% endfor %}"
)
CHATML_TOKENS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
R1_BEGIN, R1_END = "<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"


@dataclass(frozen=True)
class Family:
    """A family's tokens and template, and what it does to answers."""

    name: str
    special: tuple[str, ...]
    end: str  # that closes an answer
    template: str
    eos: str = ""  # if another than `end`
    bos: str | None = None
    words: tuple[str, ...] = ()  # added without being special
    takes_system: bool = True
    alternates: bool = False  # refuses two turns of one role in a row
    pieces: bool = False  # SentencePiece's manner, not byte-level BPE
    before_last: str = ""  # what the model writes before the words of the last answer
    trl: str = ""  # TRL's template that marks answers and renders the same text
    rendered_as_is: bool = True  # False: the last answer follows on a thought of its prompt


def _trl(name: str) -> str:
    return (TRL / f"{name}.jinja").read_text(encoding="utf-8")


LLAMA = ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
FAMILIES = (
    Family(
        "Llama 3",
        (*LLAMA, "<|finetune_right_pad_id|>"),
        "<|eot_id|>",
        _trl("llama3"),
        bos="<|begin_of_text|>",
        trl="llama3_training",
    ),
    Family("Llama 3.2", (*LLAMA, "<|finetune_right_pad_id|>"), "<|eot_id|>", _trl("llama3_2"), bos="<|begin_of_text|>"),
    Family(
        "Mistral",
        ("<unk>", "<s>", "</s>", "[INST]", "[/INST]"),
        "</s>",
        MISTRAL,
        bos="<s>",
        takes_system=False,
        alternates=True,
        pieces=True,
    ),
    Family(
        "Mistral with system",
        ("<unk>", "<s>", "</s>", "[INST]", "[/INST]"),
        "</s>",
        MISTRAL_WITH_SYSTEM,
        bos="<s>",
        pieces=True,
    ),
    Family("Qwen2.5", CHATML_TOKENS, "<|im_end|>", _trl("qwen2_5"), trl="qwen2_5_training"),
    Family(
        "Qwen3",
        CHATML_TOKENS,
        "<|im_end|>",
        _trl("qwen3"),
        words=("<think>", "</think>"),
        before_last="<think>\n\n</think>\n\n",
    ),
    Family(
        "Gemma",
        ("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"),
        "<end_of_turn>",
        _trl("gemma"),
        eos="<eos>",
        bos="<bos>",
        takes_system=False,
        alternates=True,
        trl="gemma_training",
    ),
    Family(
        "Gemma 3, MedGemma",
        ("<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"),
        "<end_of_turn>",
        _trl("gemma3"),
        eos="<eos>",
        bos="<bos>",
        alternates=True,
        trl="gemma3_training",
    ),
    Family(
        "DeepSeek-R1 distil",
        (R1_BEGIN, R1_END, "<｜User｜>", "<｜Assistant｜>", "<|▁pad▁|>"),
        R1_END,
        _trl("deepseek_r1_distill"),
        bos=R1_BEGIN,
        words=("<think>", "</think>"),
        before_last="\n</think>\n\n",
        rendered_as_is=False,
    ),
    Family("builtin:tiny", ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|pad|>"), "<|im_end|>", CHAT_TEMPLATE),
    Family("plain_chat.jinja", ("<|endoftext|>", "<|pad|>"), "<|endoftext|>", PLAIN_CHAT.read_text(encoding="utf-8")),
)
TEXTS = ["The river lies beside the mango. What lies beside the river? Answer: 12 mg of it, assistant user system."]


def tokenizer_of(family: Family) -> PreTrainedTokenizerFast:
    """Return a vocabulary of bytes and a few merges with a family's special tokens and template."""
    bpe = _pieces(family) if family.pieces else _bytes(family)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token=family.eos or family.end, bos_token=family.bos, chat_template=family.template
    )
    tokenizer.add_tokens([AddedToken(word, special=False, normalized=False) for word in family.words])
    return tokenizer


def _bytes(family: Family) -> Tokenizer:
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(TEXTS, _trainer(family, initial_alphabet=sorted(alphabet)))
    return bpe


def _pieces(family: Family) -> Tokenizer:
    """Return a BPE over words that begin with `▁`, with bytes for unknown characters, as Llama 2 and Mistral have."""
    spelled = [f"<0x{byte:02X}>" for byte in range(256)]
    bpe = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    bpe.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    bpe.train_from_iterator(TEXTS, _trainer(family, extra=spelled))
    bpe.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return bpe


def _trainer(family: Family, extra: Sequence[str] = (), initial_alphabet: Sequence[str] = ()) -> trainers.BpeTrainer:
    return trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=[*family.special, *extra],
        initial_alphabet=list(initial_alphabet),
        show_progress=False,
    )
