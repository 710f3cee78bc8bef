"""What every model that is made of other models does alike; how it joins their scores is its own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field

from llm4rec.core import Before, Catalog, Config, Dataset, FitContext, NotFittedError
from llm4rec.models.inputs import Inputs, by_plus, distinct

InputNames = Annotated[tuple[str, ...], BeforeValidator(by_plus), AfterValidator(distinct)]


class OverInputsConfig(Config):
    """`inputs` are names of models, the base first; `options` their settings by name."""

    inputs: InputNames = ("sequence", "attention")
    options: dict[str, dict[str, Any]] = Field({})
    tune: bool = True


class OverInputs(ABC):
    """A model over `inputs_`, which its fit makes."""

    config_type: ClassVar[type[OverInputsConfig]]
    config: OverInputsConfig
    inputs_: Inputs
    begun_ = ""

    @abstractmethod
    def _again(self, inputs: Inputs, dataset: Dataset, context: FitContext) -> Self:
        """The same model over its inputs as fitted on other data; what it chose or was taught stays."""

    def continued(self, dataset: Dataset, context: FitContext, before: Before) -> Self:
        """Each input from where it ended, as far as it can; what was chosen or learnt of held-out questions stays."""
        self._need_fit()
        again = self._again(self.inputs_.continued(dataset, context, before), dataset, context)
        again.begun_ = again.inputs_.begun
        return again

    @property
    def time_aware(self) -> bool:
        """Whether some input looks at when a request is made."""
        return self.inputs_.time_aware

    @property
    def contexts(self) -> Mapping[str, tuple[str, ...]]:
        """The contexts that some input looks at: words by name."""
        return self.inputs_.contexts if hasattr(self, "inputs_") else {}

    def grow(self, catalog: Catalog, context: FitContext) -> Self:
        """New items enter through the inputs that can take them; ComponentError where the base cannot."""
        self._need_fit()
        grown = copy(self)
        grown.inputs_ = self.inputs_.grown(catalog, context)
        return grown

    def _chosen_options(self) -> dict[str, dict[str, Any]]:
        """The settings of the inputs, as chosen once they are fitted."""
        return self.inputs_.options() if hasattr(self, "inputs_") else self.config.options

    def _restore_inputs(self, state: Mapping[str, Any], context: FitContext) -> None:
        """Its inputs out of plain arrays; the config is the chosen one."""
        self.inputs_ = Inputs.restored(self.config.inputs, self.config.options, state, context)

    def _need_fit(self) -> None:
        if not hasattr(self, "inputs_"):
            raise NotFittedError(f"{type(self).__name__} needs fit first")
