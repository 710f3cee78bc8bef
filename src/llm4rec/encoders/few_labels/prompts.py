"""Labels as sentences: a text belongs to the label whose hypothesis it lies nearest to. Needs no labelled text, gains by a few.

Hypotheses for labels: Yin, Hay and Roth, "Benchmarking Zero-shot Text Classification", EMNLP 2019; the shift that takes
the favour for one wording away: Zhao et al., "Calibrate Before Use", ICML 2021.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat
from scipy.special import softmax

from llm4rec.core import Config, DataError, Encoder, Floats, Numbers, unit_rows
from llm4rec.encoders.few_labels.logistic import Logistic, LogisticConfig

Doubles: TypeAlias = NDArray[np.float64]
Words = Mapping[str, str | Sequence[str]]
TEMPLATES = ("This review is {}.", "All in all it was {}.", "The customer found it {}.")


class PromptsConfig(Config):
    """How sure cosines are before there are labels (`temperature`), and how `fit` is held back (`reg`)."""

    temperature: PositiveFloat = 0.05
    reg: PositiveFloat = 1.0


class LabelPrompts:
    """A classifier on vectors of one encoder, made of sentences.

    The score of a label is the mean cosine to its hypotheses. Probabilities are softmax(score / temperature) until
    `fit` has seen labelled vectors; then they are a logistic regression on the scores, with as many inputs as labels.
    `neutral` takes away what all texts have in common, from texts without labels.
    """

    def __init__(
        self, encoder: Encoder, hypotheses: Mapping[str, Sequence[str]], config: PromptsConfig | None = None
    ) -> None:
        self.config = config or PromptsConfig()
        self.labels = tuple(hypotheses)
        if len(self.labels) < 2:
            raise DataError(f"LabelPrompts needs two labels or more, not {list(self.labels)}")
        if any(isinstance(told, str) or not list(told) for told in hypotheses.values()):
            raise DataError("LabelPrompts: every label has a list of one or more hypotheses")
        self.directions = np.stack([_direction(encoder, told) for told in hypotheses.values()])
        self.shift = np.zeros(len(self.labels))
        self._head: Logistic | None = None

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        words: Words,
        templates: Sequence[str] = TEMPLATES,
        config: PromptsConfig | None = None,
    ) -> Self:
        """Every word of every label in every template: `{"positive": ["good", "great"], ...}`, "It was {}."."""
        if not templates or any("{}" not in template for template in templates):
            raise DataError(f"LabelPrompts: every template has a {{}} for the word, not {list(templates)}")
        told = {label: [w] if isinstance(w, str) else list(w) for label, w in words.items()}
        made = {label: [t.replace("{}", w) for t in templates for w in many] for label, many in told.items()}
        return cls(encoder, made, config)

    def scores(self, vectors: Floats) -> Doubles:
        """(rows, labels): mean cosine to the hypotheses of each label, less the neutral score."""
        if vectors.ndim != 2 or vectors.shape[1] != self.directions.shape[1]:
            raise DataError(
                f"LabelPrompts: vectors are {vectors.shape}, hypotheses have width {self.directions.shape[1]}; "
                "encode both with the same encoder"
            )
        return np.asarray(unit_rows(vectors) @ self.directions.T - self.shift, dtype=np.float64)

    def neutral(self, vectors: Floats) -> Self:
        """Score so that these vectors (texts as they come, without labels) have a mean of zero for every label.

        Suits labels of about equal frequency: it takes a real surplus of one label away together with the favour
        for its wording. Learn from labels (`fit`) where they are not.
        """
        if len(vectors) == 0:
            raise DataError("LabelPrompts.neutral needs vectors")
        self.shift = self.shift + self.scores(vectors).mean(axis=0)
        return self

    def fit(self, vectors: Floats, labels: Numbers, sample_weight: Doubles | None = None) -> Self:
        """Learn from a few labelled vectors how scores become probabilities; numbers follow the order of `labels`."""
        head = Logistic(LogisticConfig(reg=self.config.reg))
        head.fit(np.asarray(self.scores(vectors), dtype=np.float32), labels, sample_weight)
        if len(head.biases_) != len(self.labels):
            raise DataError(
                f"LabelPrompts: labels of {len(head.biases_)} classes for prompts of {len(self.labels)}"
            )
        self._head = head
        return self

    def predict_proba(self, vectors: Floats) -> Doubles:
        """(rows, labels), each row adding up to one."""
        scores = self.scores(vectors)
        if self._head is not None:
            return self._head.predict_proba(np.asarray(scores, dtype=np.float32))
        return np.asarray(softmax(scores / self.config.temperature, axis=1))

    def towards(self, strength: float = 1.0) -> Doubles:
        """(labels, width) weights for `Logistic(towards=...)`: without evidence it answers like the prompts.

        Directions less their mean, scaled so that the weights of a label have length `strength` on average.
        """
        apart = np.asarray(self.directions - self.directions.mean(axis=0), dtype=np.float64)
        length = float(np.linalg.norm(apart, axis=1).mean())
        return apart * (strength / length) if length > 0 else apart


def _direction(encoder: Encoder, hypotheses: Sequence[str]) -> Floats:
    """The mean of the unit vectors of the hypotheses: its product with a unit vector is the mean cosine."""
    found = unit_rows(encoder.encode(list(hypotheses)))
    if not np.isfinite(found).all() or not found.any(axis=1).all():
        raise DataError(f"LabelPrompts: encoder {encoder.name!r} has no vector for one of {list(hypotheses)}")
    return np.asarray(found.mean(axis=0), dtype=np.float32)
