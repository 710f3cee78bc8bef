"""How the kernels of this room are compiled. Knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])
# All of fast math but that nothing is infinite: -inf stands for what may not be shown.
RULES = {"nnan", "nsz", "arcp", "contract", "afn", "reassoc"}


def compiled(function: F) -> F:
    """The function as machine code, without Python's lock, kept on disk for the next start where that can be done."""
    how: Any = {"nogil": True, "fastmath": RULES, "error_model": "numpy"}
    try:
        return cast("F", njit(cache=True, **how)(function))
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return cast("F", njit(**how)(function))
