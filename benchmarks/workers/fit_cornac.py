"""BPR of Cornac over the interactions of a folder, saved for Cornac's own server. Run by the Python of the other libraries.

python benchmarks/workers/fit_cornac.py ROWS.json FOLDER: rows are [user, item]; says where the model was saved.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import cornac


def main() -> None:
    rows = [(user, item, 1.0) for user, item in json.loads(Path(sys.argv[1]).read_text())]
    model = cornac.models.BPR(k=64, max_iter=20, seed=0, num_threads=1, verbose=False)
    model.fit(cornac.data.Dataset.build(rows, seed=0))
    model.save(sys.argv[2], save_trainset=True)


if __name__ == "__main__":
    main()
