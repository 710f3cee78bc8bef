"""Few labels go far: a head on vectors, self-training, label prompts, honest probabilities. Vectors come from any encoder."""

from llm4rec.encoders.few_labels.balance import Chosen, choose, shares
from llm4rec.encoders.few_labels.folds import stratified
from llm4rec.encoders.few_labels.judging import (
    best_amount,
    best_temperature,
    calibration_error,
    evened,
    log_loss,
    macro_f1,
    tempered,
)
from llm4rec.encoders.few_labels.logistic import Logistic, LogisticConfig
from llm4rec.encoders.few_labels.prompts import TEMPLATES, LabelPrompts, PromptsConfig
from llm4rec.encoders.few_labels.selftraining import Classifier, Round, SelfTraining, SelfTrainingConfig

__all__ = [
    "TEMPLATES",
    "Chosen",
    "Classifier",
    "LabelPrompts",
    "Logistic",
    "LogisticConfig",
    "PromptsConfig",
    "Round",
    "SelfTraining",
    "SelfTrainingConfig",
    "best_amount",
    "best_temperature",
    "calibration_error",
    "choose",
    "evened",
    "log_loss",
    "macro_f1",
    "shares",
    "stratified",
    "tempered",
]
