"""Remarks about a list in plain words, read into steps that change the next one and can be taken back.

    remarked(text, Setting(lexicon, shelf, shown=numbers, about=numbers), so_far) -> Remarks

`Remarks` is a frozen value that goes to JSON and back (`model_dump_json`, `Remarks.read(file)`):

    .said     one `Said` a remark, oldest first: .text, .language, .notes (what is said to whoever made it)
    .steps    what still counts, each with an .id that is never given twice and .said, the remark it came from:
                Event  .what "liked" | "disliked" | "known" | "passed", .items, .titles, .value (stars, 0 to 1)
                Must   .piece, a Values or Range of `writers.asking`: hard
                Wish   .more, .strong, .text, .pairs / .against (values), .column (a number), .items (likeness): soft
    .events .musts .wishes   the steps by kind;  .latest  those of the last remark;  .notes  of the last remark
    .about    ids of the items that were spoken of last ("it" of the next remark)
    .without(*ids)   the remarks without some steps;  str(remarks)  a readable account

Of an engine: `engine.remark(text, user=…, shown=ids, so_far=remarks)` gives a `Remarked` (.read, .without, .shown), and
`engine.recommend(…, remarks=…)` the next list. Nothing here knows an engine.
"""

from llm4rec.writers.remarks.clauses import Setting
from llm4rec.writers.remarks.feelings import Clause, Feelings
from llm4rec.writers.remarks.polarity import Polarity
from llm4rec.writers.remarks.reading import remarked
from llm4rec.writers.remarks.steps import Event, Must, Remarks, Said, Step, Wish
from llm4rec.writers.remarks.told import line

__all__ = [
    "Clause",
    "Event",
    "Feelings",
    "Must",
    "Polarity",
    "Remarks",
    "Said",
    "Setting",
    "Step",
    "Wish",
    "line",
    "remarked",
]
