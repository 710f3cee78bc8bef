"""The names of harmful content, and who finds it: what rooms that may not meet share. Judges nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

Harm = Literal["minors", "self-harm", "hate", "sexual", "violence", "drugs", "weapons", "gambling"]
HARMS: tuple[Harm, ...] = get_args(Harm)
"""minors: sexual content of minors; self-harm: how to, and praise of it; hate: against groups of people; sexual: pornography
and sexual services; violence: gore for its own sake, calls to harm; drugs: selling and making; weapons: illegal ones and
bombs; gambling: offers to play for money."""


class JudgesHarm(Protocol):
    """Says what is harmful in texts."""

    def judge(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """(texts, HARMS): which text is harmful in which way."""
        ...
