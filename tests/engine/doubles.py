"""Stand-ins that an engine finds in its registry: a model that records what it was shown, a quick encoder."""

import numpy as np
from pydantic import PositiveInt

from llm4rec.core import Config, NotFittedError
from llm4rec.testing import WordEncoder

SEEN = []


class RecorderConfig(Config):
    """`step`: which item behind the latest is the best; chosen on the holdout."""

    step: PositiveInt = 1


class Recorder:
    """Notes every data set and holdout it is fitted with; can be tuned, saved nowhere, grown never."""

    config_type = RecorderConfig

    def __init__(self, config=None):
        self.config = config or RecorderConfig()
        self.step = self.config.step

    def fit(self, dataset, context):
        SEEN.append((self.config.step, dataset, context.holdout))
        self.size = len(dataset.catalog)
        if context.holdout is not None and len(context.holdout):
            self.step = 5
        return self

    @property
    def chosen(self):
        return RecorderConfig(step=self.step)

    def score(self, requests, items=None):
        if not hasattr(self, "size"):
            raise NotFittedError("Recorder needs fit first")
        rows = np.zeros((len(requests), self.size), np.float32)
        for row, request in zip(rows, requests, strict=True):
            if len(request.history):
                row[(request.history.items[-1] + self.step) % self.size] = 1.0
            else:
                row[:] = -np.inf
        return rows if items is None else rows[:, items]


class QuickConfig(Config):
    """`width` of the vectors."""

    width: PositiveInt = 24


class Quick(WordEncoder):
    """The word encoder of the fakes, built as an engine builds encoders."""

    config_type = QuickConfig

    def __init__(self, config=None, progress=None):
        super().__init__((config or QuickConfig()).width)
