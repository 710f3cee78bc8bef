"""What can be set when a causal language model is taught. Knows no lessons and no network."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from llm4rec.core import Config

SCRATCH = "scratch"
RATES = {"lora": 2e-4, "full": 2e-5, SCRATCH: 3e-3}


class TeachConfig(Config):
    """How a causal language model is taught: what it begins as, what of it learns, for how long."""

    source: str = Field(
        SCRATCH,
        min_length=1,
        description="a folder with a causal model (safetensors); scratch: a new small one",
    )
    method: Literal["lora", "full"] = Field(
        "lora", description="what learns; a model from scratch learns in full"
    )
    epochs: PositiveInt = Field(30, description="passes over the lessons")
    steps: PositiveInt | None = Field(None, description="at most so many steps; none: as the epochs say")
    batch_size: PositiveInt = Field(32, description="lessons in one pass")
    accumulate: PositiveInt = Field(1, description="passes a step: a larger batch in the same memory")
    learning_rate: PositiveFloat | None = Field(None, description="none: one for the method")
    warmup: float = Field(0.05, ge=0.0, lt=1.0, description="share of the steps in which the rate grows")
    reg: NonNegativeFloat = Field(0.05, description="weight decay")
    dropout: float = Field(0.1, ge=0.0, lt=1.0, description="of LoRA, or of a model from scratch")
    clip: PositiveFloat = Field(1.0, description="longest gradient of a step")
    rank: PositiveInt = Field(8, description="of LoRA")
    embedding_size: PositiveInt = Field(64, description="width of a model from scratch; a multiple of heads")
    layers: PositiveInt = Field(2, description="of a model from scratch")
    heads: PositiveInt = Field(4, description="of a model from scratch")
    room: int = Field(256, ge=32, description="tokens that a model from scratch can look at")
    vocabulary: int = Field(1000, ge=300, description="tokens that a model from scratch makes of the texts")
    validate_every: PositiveInt | None = Field(None, description="steps; none: once an epoch")
    patience: PositiveInt = Field(4, description="validations without a better one before it stops")
    most_questions: PositiveInt = Field(500, description="held-out lessons asked at a validation")
    checkpoint_every: PositiveInt = Field(200, description="steps between checkpoints")
    stop_after: NonNegativeInt | None = Field(None, description="stop at this step and write the best so far")
    seed: NonNegativeInt = Field(0, description="of everything random")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.embedding_size % self.heads:
            raise ValueError(f"embedding_size {self.embedding_size} is no multiple of {self.heads} heads")
        return self

    @property
    def whole(self) -> bool:
        """Whether every weight learns."""
        return self.source == SCRATCH or self.method == "full"

    @property
    def rate(self) -> float:
        """The learning rate: as set, or that of the method."""
        return self.learning_rate or RATES[SCRATCH if self.source == SCRATCH else self.method]
