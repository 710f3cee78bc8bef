"""What can be set when an encoder is adapted. Knows no data and no network."""

from __future__ import annotations

import re
from typing import Literal, Self, get_args

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from llm4rec.core import Config

Task = Literal[
    "co-consumption", "next-item", "click", "rating", "sentiment", "category", "masked", "neighbours"
]
Tower = Literal["feed-forward", "convolutional", "recurrent"]
Balance = Literal["scaled", "gradnorm", "uncertainty", "turns"]
TASKS: tuple[Task, ...] = get_args(Task)
METHOD = re.compile(r"head|lora|prefix|full|last:[1-9]\d*")
METHODS = ("head", "last:N", "lora", "prefix", "full")
RATES = {"head": 1e-3, "last": 5e-5, "lora": 2e-4, "prefix": 1e-2, "full": 5e-5}


class AdaptConfig(Config):
    """How an encoder is adapted: what it learns from, what of it is trained, for how long, and within which bounds."""

    tasks: tuple[Task, ...] = Field(("neighbours",), min_length=1, description="what is learnt, at once")
    method: str = Field("lora", description="what is trained: head, last:N, lora, prefix or full")
    source: str = Field("minilm", min_length=1, description="the encoder to begin with, as encoder.source")
    epochs: PositiveInt = Field(10, description="passes over the largest task; smaller ones go round")
    steps: PositiveInt | None = Field(500, description="at most so many steps; none: as the epochs say")
    batch_size: PositiveInt = Field(32, description="examples of each task in one pass")
    accumulate: PositiveInt = Field(1, description="passes a step: a larger batch in the same memory")
    learning_rate: PositiveFloat | None = Field(None, description="of the encoder; none: one for each method")
    head_learning_rate: PositiveFloat = Field(1e-3, description="of the heads and of the loss weights")
    layer_decay: float = Field(0.95, gt=0.0, le=1.0, description="rate of a layer over that of the next")
    warmup: float = Field(0.1, ge=0.0, lt=1.0, description="share of the steps in which the rate grows")
    reg: NonNegativeFloat = Field(0.01, description="weight decay")
    stay: NonNegativeFloat = Field(0.01, description="how strongly weights are held where they began (L2-SP)")
    dropout: float = Field(0.1, ge=0.0, lt=1.0, description="of the heads and of LoRA")
    clip: PositiveFloat = Field(1.0, description="longest gradient of a step")
    rank: PositiveInt = Field(24, description="of LoRA")
    prefix_length: PositiveInt = Field(8, description="learnt tokens before each text")
    temperature: PositiveFloat = Field(0.05, description="of the contrastive losses")
    hard_negatives: NonNegativeInt = Field(
        1, description="items of the same category beside those of the batch"
    )
    smoothing: float = Field(
        0.7, ge=0.0, le=1.0, description="how much of what a text stands for its neighbours say (neighbours)"
    )
    directions: PositiveInt = Field(
        128, description="in which texts are compared (neighbours), as encoder.width"
    )
    tower: Tower = Field("feed-forward", description="how a head reads tokens or a history")
    hidden: PositiveInt = Field(128, description="width inside a tower")
    balance: Balance | None = Field("turns", description="how losses are weighed; none: one each")
    weights: dict[Task, PositiveFloat] = Field({}, description="one number a task on top of the balance")
    even: float = Field(0.5, ge=0.0, le=1.0, description="how far rare labels are weighed up: 0 not, 1 fully")
    words: bool = Field(True, description="heads of labels follow word counts too, as far as that helps")
    consistency: NonNegativeFloat = Field(
        0.0, description="of labels: two passes with different dropout should agree, and this counts so much"
    )
    rating_loss: Literal["squared", "ordinal"] = Field("squared", description="loss of the task rating")
    label_column: str | None = Field(
        None, description="item column with the sentiment; none: from the values"
    )
    category_column: str = Field("categories", description="item column of the task category")
    max_length: PositiveInt = Field(64, description="tokens read of a text while learning")
    history: PositiveInt = Field(5, description="latest items that stand for a person")
    window: PositiveInt = Field(5, description="items so near in one person's order are taken together")
    most_examples: PositiveInt = Field(200_000, description="drawn of each task")
    validation: float = Field(0.1, gt=0.0, lt=1.0, description="share held out inside, by text, item or user")
    most_questions: PositiveInt = Field(1000, description="held-out examples asked of each task")
    validate_every: PositiveInt | None = Field(None, description="steps; none: four times an epoch or run")
    patience: PositiveInt = Field(4, description="validations without a better one before it stops")
    probe_loss: PositiveFloat = Field(2.0, description="points of general similarity that may be lost")
    replay: float = Field(
        0.25, gt=0.0, lt=1.0, description="share of old examples in each batch, with old data"
    )
    most_forgetting: NonNegativeFloat = Field(0.02, description="loss on old data that is allowed, of 1")
    twins: bool = Field(False, description="train each task alone too, for comparison")
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="of the products while learning")
    tracking: Literal["tensorboard", "mlflow", "wandb"] | None = Field(
        "tensorboard", description="who is told how it goes"
    )
    checkpoint_every: PositiveInt = Field(200, description="steps between checkpoints")
    stop_after: NonNegativeInt | None = Field(None, description="stop at this step and write the best so far")
    seed: NonNegativeInt = Field(0, description="of everything random")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if not METHOD.fullmatch(self.method):
            raise ValueError(
                f"method {self.method!r} is not one of head, last:N (last:2), lora, prefix, full"
            )
        if len(set(self.tasks)) < len(self.tasks):
            raise ValueError(f"tasks {', '.join(self.tasks)} name one twice")
        if strange := sorted(set(self.weights) - set(self.tasks)):
            raise ValueError(f"weights name {', '.join(strange)}, which is not among the tasks")
        return self

    @property
    def rate(self) -> float:
        """The learning rate of the encoder: as set, or that of the method."""
        return self.learning_rate or RATES[self.method.partition(":")[0]]

    def alone(self, task: Task, steps: int, between: int) -> AdaptConfig:
        """The terms of a task's single-task twin: as many steps, and looked at as often, as in the run of all tasks.

        A small task goes round there as well; and who may choose among more states looks better by chance alone.
        """
        weights = {name: value for name, value in self.weights.items() if name == task}
        terms = {"steps": steps, "epochs": max(steps, self.epochs), "validate_every": between}
        return self.model_copy(update={"tasks": (task,), "weights": weights, "twins": False, **terms})
