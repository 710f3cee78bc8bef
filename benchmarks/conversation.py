"""Conversations: simulated people with a hidden target, and recorded dialogues.

python -m benchmarks.conversation [films] [inspired] [kdconv] [PEOPLE]

films     ml-100k, leave-last-out. Somebody wants their last film. Each turn they are shown ten films and say truthfully what
          is not right: they answer the question that is asked by what is true of their film, else they say one thing that it is
          and a shown one is not. Success: the film is in a list within five turns. Beside it: the next ten popular films each turn,
          the engine's own lists without a word, and newcomers, of whom nothing is known but what they answer.
inspired  recorded dialogues about films. What the seeker says is told to the conversation, message by message; the films that the
          recorded recommender named stand for what it showed itself. The films that the recommender names next, new in the
          dialogue, are the answers. recall@{1,10,50}, with films named before left out. Beside it: what is named most in other
          dialogues (for dev: the other four fifths of dev; for test: dev), BM25 and the encoder over the seeker's words.
kdconv    the places and films that Chinese dialogues begin with; people as in `films`, who speak Chinese. Beside it: the next ten that
          other dialogues speak of most, and BM25 over all that the same person says.

Every reply is checked: each item named is in the catalog, and none is known to break what is remembered.
"""

from __future__ import annotations

import sys

from benchmarks.common import keep, result
from benchmarks.talking.films import films
from benchmarks.talking.inspired import inspired
from benchmarks.talking.kdconv import chinese

PEOPLE = 300
PARTS = {"films": films, "inspired": inspired, "kdconv": chinese}


def main() -> None:
    people = next((int(name) for name in sys.argv[1:] if name.isdigit()), PEOPLE)
    chosen = [name for name in sys.argv[1:] if not name.isdigit()] or list(PARTS)
    for name in chosen:
        keep("conversation", (result("conversation") or {}) | {name: PARTS[name](people)})


if __name__ == "__main__":
    main()
