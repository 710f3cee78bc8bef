"""Customer service: answer first, then recommend; data: the sample shop (real books, made-up readers).

What it needs: an answer that is word for word the one the house has written, "I do not know that" where there is none,
and a conversation that keeps what was said, takes remarks and can be undone.

Settings that suit it:
- `chat.answers`: a file of prepared questions and answers; nothing is made up where none is near.
- `chat.n` = 3: a short list beside an answer (a choice).
- `chat.questions` = 1: one question in a row at most; who writes to a shop wants an answer (a choice; the default is 2).
- `ease`: fitted in a second, and everything it says can be explained. In a conversation limits do most of the work, so the
  model matters less than elsewhere (a choice).
"""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

from common import shop
from llm4rec import Engine
from llm4rec.engine import Settings

ANSWERS = [
    ("How do I return a book?", "Send it back within 30 days; the label lies in the parcel."),
    ("How long does delivery take?", "Two to four working days."),
    ("Do you wrap books as gifts?", "Yes, for 2 euros a book: tick the box in the basket."),
]
MESSAGES = [
    "Hello, how long does the delivery take?",
    "Good. I am looking for a crime novel, no poetry please",
    "newer ones",
    "who wrote the second one?",
    "why the first?",
    "does it come with a bookmark?",
    "undo",
    "what do you remember?",
]


def write_answers(file: Path) -> Path:
    """What the house answers, as a table of two columns."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([("question", "answer"), *ANSWERS])
    return file


def main() -> None:
    """Lead one conversation with a reader of the shop."""
    books = shop()
    with tempfile.TemporaryDirectory() as base:
        answers = write_answers(Path(base) / "answers.csv")
        settings = Settings(
            encoder={
                "name": "none"
            },  # the words of 340 books are enough here; "minilm" reads more into a wish
            chat={"answers": str(answers), "n": 3, "questions": 1},
        )
        engine = Engine(settings, model="ease", tune=False).fit(books)
        reader, dialogue = books.users.ids.ids[0], None
        for message in MESSAGES:
            reply = engine.chat(message, dialogue, user=reader)
            dialogue = reply.dialogue
            print(f"\n> {message}\n[{reply.act}] {reply.text}")


if __name__ == "__main__":
    main()
