"""`llm4rec` with trials that take a while, so that a test can kill it in the middle of one."""

import time

from llm4rec.apps.cli.main import run
from llm4rec.evaluation.tuning import crew

_measure = crew.measure


def _slowly(task, number, values):
    time.sleep(0.25)
    return _measure(task, number, values)


# At the top, so that the processes of --jobs, which load this file again, are slow as well.
crew.measure = _slowly

if __name__ == "__main__":
    run()
