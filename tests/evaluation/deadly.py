"""A task that ends the process of its first trial."""

import os
from dataclasses import dataclass
from pathlib import Path

from llm4rec.core import SettingsError


@dataclass(frozen=True)
class Deadly:
    """Stands in for a task: the first to look at its settings dies of it, later ones get an error."""

    grave: Path

    @property
    def settings(self):
        if not self.grave.exists():
            self.grave.touch()
            os._exit(3)
        raise SettingsError("alive")
