"""What the last place leads to, read alone, is what reading every place says of it."""

import numpy as np
import pytest
import torch

from llm4rec.core import Request
from llm4rec.models.attention import Attention, AttentionConfig
from llm4rec.models.attention_batches import Asked, Columns
from llm4rec.models.attention_reading_net import read, read_last
from llm4rec.testing import asking, fitted, in_a_row


@pytest.mark.parametrize(
    "changes",
    [{}, {"gated": True}, {"blocks": 2, "heads": 2}, {"time_aware": True, "heads": 4}],
    ids=["plain", "gated", "deeper", "time-aware"],
)
def test_the_last_place_alone_is_as_among_all(changes):
    config = AttentionConfig(epochs=5, learning_rate=3e-3, max_length=6, **changes)
    model = fitted(Attention(config), in_a_row())
    with torch.no_grad():
        for name, bias in model.network_.named_parameters():
            if name.endswith(("distance", "moment", "bias")):  # all that a short training leaves near zero
                bias.normal_()
    histories = [asking(*range(length)).history for length in (1, 6, 0, 3, 6, 2, 5)]
    requests = [Request(history, time=50.0 + n) for n, history in enumerate(histories)]
    events = Columns.of(histories, config.max_length).events(model.tokens_)
    asked = Asked.of(requests, model.tokens_, model.time_aware)
    told = (model.network_, model.inputs_, events, asked, "cpu")
    every, _ = read(*told)
    last = read_last(*told)
    assert np.abs(every).max() > 0.1
    assert (last[2] == 0).all()
    np.testing.assert_allclose(last, every, rtol=1e-4, atol=1e-5)
