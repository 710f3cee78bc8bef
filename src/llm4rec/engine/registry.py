"""Which components there are: kind -> name -> where, and which extra installs it. Data, not calls.

Adding a component is one file in its room and one line here. Packages outside use an entry point of the group
`llm4rec.<kind>` whose value is "module:Class".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from llm4rec.core import ComponentError, NotFoundError, suggest


class Entry(NamedTuple):
    """Where a component is, in one sentence what it does, and the pip extra it needs ('' for none)."""

    where: str
    about: str
    extra: str = ""


TABLE: dict[str, dict[str, Entry]] = {
    "model": {
        "sequence": Entry(
            "llm4rec.models.sequence:Sequence",
            "the default: transitions, fading EASE, text and attributes in one blend, warm and cold alike",
        ),
        "attention": Entry(
            "llm4rec.models.attention:Attention",
            "neural sequence model: attention over the history, item vectors of content and ids",
        ),
        "transition": Entry(
            "llm4rec.models.transition:Transition", "which items lead to which, in closed form"
        ),
        "ease": Entry("llm4rec.models.ease:Ease", "closed-form linear autoencoder with a fading history"),
        "itemknn": Entry("llm4rec.models.itemknn:ItemKnn", "items taken by the same people"),
        "ensemble": Entry("llm4rec.models.ensemble:Ensemble", "a weighted blend of other models"),
        "hybrid": Entry(
            "llm4rec.models.hybrid:Hybrid",
            "the stacker: candidates of several models, ordered by boosted trees or a weighted sum",
        ),
        "hybrid.linear": Entry(
            "llm4rec.models.hybrid:LinearHybrid", "the stacker in its linear form: one weight a term"
        ),
        "content": Entry(
            "llm4rec.models.content:Content", "items whose text and attributes are like the history"
        ),
        "als": Entry(
            "llm4rec.models.als:Als",
            "implicit matrix factorisation; the vector of a person solved from any history",
        ),
        "fold-in": Entry(
            "llm4rec.models.foldin:FoldIn",
            "people after a few events: a prior learnt from many, and the posterior over vectors of items",
        ),
        "few-shot": Entry(
            "llm4rec.models.few_shot:FewShot",
            "the base for people who are known, blended with fold-in after a few events",
        ),
        "mf": Entry("llm4rec.models.mf:Mf", "ratings: biases and factors, with what is not known of them"),
        "interest": Entry(
            "llm4rec.models.interest:Interest",
            "the texts of the history, summed up by age, kind, value and focus",
        ),
        "fm": Entry(
            "llm4rec.models.fm:Fm",
            "values with their uncertainty: a Bayesian factorisation machine for ratings",
        ),
        "prompted": Entry(
            "llm4rec.models.prompted:Prompted",
            "a causal language model: catalog names decoded along a tree, yes or no, or lists (needs a generator)",
        ),
        "student.blend": Entry(
            "llm4rec.models.student_blend:BlendStudent",
            "light versions of what a teacher is made of, weighed by its lists (`llm4rec distil`)",
        ),
        "student.transition": Entry(
            "llm4rec.models.student:TransitionStudent",
            "low-rank transitions with a memory, learnt from a teacher's lists (`llm4rec distil`)",
        ),
        "student.sequence": Entry(
            "llm4rec.models.student:SequenceStudent",
            "one block of attention with a memory, learnt from a teacher's lists; serves without torch",
        ),
        "student.two-tower": Entry(
            "llm4rec.models.student:TwoTowerStudent",
            "the fading mean of item vectors, learnt from a teacher's lists; an index can serve it",
        ),
        "popular": Entry("llm4rec.models.popular:Popular", "what most people take, over all time or lately"),
    },
    "reranker": {
        "mmr": Entry("llm4rec.rerankers.mmr:Mmr", "relevant, and unlike the nearest above it"),
        "dpp": Entry("llm4rec.rerankers.dpp:Dpp", "relevant items that span a large volume together"),
        "ssd": Entry("llm4rec.rerankers.ssd:Ssd", "a feed whose neighbours span a large volume"),
        "xquad": Entry("llm4rec.rerankers.xquad:Xquad", "cover the categories that a person cares for"),
        "calibrated": Entry(
            "llm4rec.rerankers.calibrated:Calibrated", "the shares of the history: categories or popularity"
        ),
        "novel": Entry("llm4rec.rerankers.novel:Novel", "what few know, or is unlike the history"),
        "fair": Entry("llm4rec.rerankers.fair:Fair", "providers are seen as they merit, cold items not less"),
        "rules": Entry(
            "llm4rec.rerankers.rules:Rules", "quotas, pins, boosts, frequency caps, cool-downs, spacing"
        ),
        "sentiment": Entry(
            "llm4rec.rerankers.sentiment:Sentiment", "disliked words go down, what reviewers loved goes up"
        ),
        "explore": Entry("llm4rec.rerankers.explore:Explore", "an order that is drawn, with its chances"),
    },
    "encoder": {
        "minilm": Entry(
            "llm4rec.encoders:SentenceEncoder", "MiniLM, 384 numbers a text, weights installed with llm4rec"
        ),
        "sentence": Entry(
            "llm4rec.encoders:SentenceEncoder", "any Hugging Face name or local folder (setting: source)"
        ),
        "lexical": Entry(
            "llm4rec.encoders:LexicalEncoder", "words and groups of letters, hashed; any script, no meaning"
        ),
        "minilm+lexical": Entry(
            "llm4rec.encoders:JointEncoder",
            "both side by side; takes part by itself where texts are mostly not in Latin script",
        ),
    },
    "generator": {
        "openai": Entry(
            "llm4rec.writers:RemoteGenerator",
            "any OpenAI-compatible server (settings: base_url, model)",
            "generation",
        ),
        "local": Entry(
            "llm4rec.writers:LocalGenerator", "a causal language model in a local folder (setting: folder)"
        ),
        "double": Entry(
            "llm4rec.testing:WordReader", "a stand-in without a language model, for tests and dry runs"
        ),
    },
}


def names(kind: str) -> dict[str, Entry]:
    """All components of a kind by name, those of installed packages included."""
    if kind not in TABLE:
        raise NotFoundError(
            f"no kind of component named {kind!r}{suggest(kind, TABLE)}; there are: {', '.join(TABLE)}"
        )
    return {**TABLE[kind], **_outside(kind, entry_points)}


@cache
def _outside(kind: str, read: Callable[..., Any]) -> dict[str, Entry]:
    """Components of installed packages, read once: that looks into the records of every package there is."""
    return {
        point.name: Entry(point.value, f"from {point.dist.name if point.dist else 'outside'}")
        for point in read(group=f"llm4rec.{kind}")
    }


def component(kind: str, name: str) -> Any:
    """The class behind a name; NotFoundError suggests the nearest, ComponentError says which extra is missing."""
    known = names(kind)
    if name not in known:
        raise NotFoundError(f"no {kind} named {name!r}{suggest(name, known)}; there are: {', '.join(known)}")
    entry = known[name]
    module, _, attribute = entry.where.partition(":")
    try:
        return getattr(import_module(module), attribute)
    except ModuleNotFoundError as error:
        if not entry.extra or (error.name or "").startswith("llm4rec"):
            raise
        raise ComponentError(
            f"{kind} {name!r} needs {error.name}: pip install 'llm4rec[{entry.extra}]'"
        ) from error
