"""How the kernels of this room are compiled. Knows nothing of what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """The function as machine code, without Python's lock, kept on disk for the next start.

    Sums of floats are taken in any order; a division by zero is infinite, as in numpy. Where no folder can be
    written, it is compiled anew at every start.
    """
    how: Any = {"nogil": True, "fastmath": True, "error_model": "numpy"}
    try:
        return cast("F", njit(cache=True, **how)(function))
    except RuntimeError as error:
        if "cannot cache" not in str(error):
            raise
        return cast("F", njit(**how)(function))
