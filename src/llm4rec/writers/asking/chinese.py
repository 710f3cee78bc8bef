"""The words of Chinese texts, by jieba. Knows nothing else."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any


def segmented(text: str) -> list[str]:
    """The words of a Chinese text, in order; joined they are the text."""
    return list(_cutter().cut(text))


@cache
def _cutter() -> Any:
    """jieba with its dictionary read here: left alone, it keeps one in a folder that others can write to."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, about how it is packed
        import jieba

    cutter = jieba.Tokenizer()
    cutter.FREQ, cutter.total = cutter.gen_pfdict(cutter.get_dict_file())
    cutter.initialized = True
    return cutter
