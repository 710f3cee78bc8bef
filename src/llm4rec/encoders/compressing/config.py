"""What can be set when an encoder is compressed. Knows no weights and no texts."""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from llm4rec.core import Config

Precision = Literal["int8", "bf16", "fp32"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)  # the smallest first
WIDTHS = (256, 128, 64, 32)


class CompressConfig(Config):
    """Which encoder is compressed, how far, and how much it may lose on the texts it is measured on."""

    source: str = Field("minilm", min_length=1, description="the encoder, as encoder.source")
    precision: Literal["auto", "int8", "bf16", "fp32"] = Field(
        "auto", description="auto: the smallest that stays within the limits below"
    )
    width: PositiveInt | None = Field(
        None, description="numbers a vector; none: as many as the encoder gives"
    )
    most_drift: NonNegativeFloat = Field(0.0025, description="one minus the cosine with fp32, on average")
    most_drift_p99: NonNegativeFloat = Field(
        0.01, description="the same of the text that 99 of 100 are better than"
    )
    most_loss: NonNegativeFloat = Field(
        0.005, description="share of NDCG@10 of nearest neighbours that may be lost"
    )
    most_texts: PositiveInt = Field(2000, description="texts that it is measured on")
    timed: PositiveInt = Field(128, description="texts that are timed")
    turns: PositiveInt = Field(3, description="how often they are timed; the median counts")
    max_length: PositiveInt | None = Field(
        None, description="tokens read of a text; none: the encoder's own limit"
    )
    seed: NonNegativeInt = Field(0, description="of the choice of texts and of intervals")
