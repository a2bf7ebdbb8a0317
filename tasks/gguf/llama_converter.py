"""Runs llama.cpp's `convert_hf_to_gguf.py` in a process of its own, with two things told to it; nothing else changes.

Usage: `python -P llama_converter.py SOURCES TOLD ARGUMENTS…`, TOLD being JSON with `general` (fields of
`gguf.Metadata`), `custom` (further string keys) and `pre_tokenizer` (or null). The converter knows a BPE
pre-tokenizer by a hash of what it makes of one sentence, so a tokenizer trained here is unknown to it; a model folder
names the equivalent one instead. It must split text alike: the parity check is what proves it.
"""

import importlib
import json
import sys
from pathlib import Path
from typing import Any


def tell_pre_tokenizer(conversion: Any, name: str) -> None:
    """Answer `name` where the converter would look up the hash of a sentence."""
    conversion.TextModel.get_vocab_base_pre = lambda *_: name


def tell_metadata(conversion: Any, gguf: Any, general: dict[str, Any], custom: dict[str, str]) -> None:
    """Set what the converter would otherwise guess from folder names, and add keys of our own."""
    load, set_type = gguf.Metadata.load, conversion.ModelBase.set_type

    def load_then_set(*args: Any, **kwargs: Any) -> Any:
        metadata = load(*args, **kwargs)
        for field, value in general.items():
            setattr(metadata, field, value)
        return metadata

    def set_type_then_add(model: Any) -> None:
        set_type(model)
        for key, value in custom.items():
            model.gguf_writer.add_string(key, value)

    gguf.Metadata.load = staticmethod(load_then_set)
    conversion.ModelBase.set_type = set_type_then_add


def main() -> None:
    """Import the converter from SOURCES with the gguf package beside it, tell it, run it."""
    sources, told = Path(sys.argv[1]), json.loads(sys.argv[2])
    sys.path[:0] = [str(sources), str(sources / "gguf-py")]
    converter = importlib.import_module("convert_hf_to_gguf")
    conversion, gguf = importlib.import_module("conversion"), importlib.import_module("gguf")
    tell_metadata(conversion, gguf, told["general"], told["custom"])
    if told["pre_tokenizer"]:
        tell_pre_tokenizer(conversion, told["pre_tokenizer"])
    sys.argv = [str(sources / "convert_hf_to_gguf.py"), *sys.argv[3:]]
    converter.main()


if __name__ == "__main__":
    main()
