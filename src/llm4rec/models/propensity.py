"""Weights of items against popularity bias. Knows nothing of models and people."""

from __future__ import annotations

import numpy as np

from llm4rec.core import Floats, Sparse


def inverse_propensity(matrix: Sparse, power: float) -> Floats | None:
    """What an interaction with each item weighs, (items,): 1 / (taken + 1)^power, a mean of one over interactions.

    The chance that an interaction was seen at all is taken for a power law of popularity (Saito et al., WSDM 2020;
    Yang et al., RecSys 2018). None for a power of 0: all weigh the same.
    """
    if power == 0.0:
        return None
    taken = np.bincount(matrix.indices, minlength=matrix.shape[1]).astype(np.float64)
    weights = (taken + 1.0) ** -power
    scale = max(float(taken.sum()), 1.0) / max(float((taken * weights).sum()), 1e-300)
    return np.asarray(weights * scale, dtype=np.float32)


def scaled(matrix: Sparse, weights: Floats | None) -> Sparse:
    """Each column times its weight; the very matrix without weights."""
    if weights is None:
        return matrix
    result = matrix.copy()
    result.data = result.data * weights[result.indices]
    return result


def note(name: str, power: float) -> tuple[str, ...]:
    """The label of a model that was taught with weights; nothing for a power of 0."""
    return (f"{name}: interactions weigh 1 / popularity^{power:g} (propensity)",) if power else ()
