"""What anyone may rely on from augmented texts: small edits, synonyms above the floor, a true account."""

import numpy as np
import pytest

from llm4rec.core import ComponentError, DataError, Generator, SettingsError
from llm4rec.data import BackTranslation, Deletion, Swap, Synonyms, SynonymsConfig, augment_texts
from llm4rec.data.augment import TextWay, nearest_words
from llm4rec.testing.fakes import WordEncoder

TENT = "A light tent, for two people: warm and dry."


def rng(seed=0):
    return np.random.default_rng(seed)


def sorted_words(text):
    return sorted(text.lower().replace(",", "").replace(":", "").replace(".", "").split())


TABLE = {
    "warm": (1, 0, 0, 0),
    "cosy": (1, 0.2, 0, 0),
    "hot": (1, 0, 1, 0),
    "dry": (0, 0, 0, 1),
    "cheap": (0, 1, 0, 0),
}


class Meanings:
    """Words of one meaning share a direction but for a small part of their own; a text is its first word."""

    name, width = "meanings", 4

    def encode(self, contents):
        first = [text.split()[0].lower() if text.split() else "" for text in contents]
        return np.array([TABLE.get(word, (0, 0, 0, 0)) for word in first], dtype=np.float32)


def test_deletion_leaves_out_words_and_no_gaps():
    texts = augment_texts([TENT], [Deletion(share=0.3)], rng(), copies=50).texts
    for text in texts:
        assert set(sorted_words(text)) < set(sorted_words(TENT))
        assert "  " not in text
        assert " ," not in text
    assert len(set(texts)) == len(texts), "no text twice"


def test_deletion_deletes_as_often_as_it_says():
    long = " ".join(f"w{n}" for n in range(5000))
    (effect,) = augment_texts([long], [Deletion(share=0.2)], rng()).effects
    assert effect.places == 5000
    assert effect.share_touched == pytest.approx(0.2, abs=0.02)
    assert effect.likeness[0].mean == pytest.approx(2 * 0.8 / 1.8, abs=0.02), "Dice of 5000 and 4000 words"


def test_a_text_never_loses_all_its_words():
    texts = augment_texts(["one two", "one"], [Deletion(share=0.99)], rng(), copies=20)
    assert set(texts.texts) == {"one", "two"}
    assert set(texts.origins) == {0}


@pytest.mark.parametrize("way", [Deletion(share=0.9), Swap(share=0.9)])
def test_negations_are_never_touched(way):
    texts = augment_texts(["I do NOT like it, don't buy"], [way], rng(), copies=30).texts
    assert texts
    for text in texts:
        assert "NOT" in text
        assert "don't" in text


def test_swapped_words_keep_all_words_and_signs():
    texts = augment_texts([TENT], [Swap(share=0.2)], rng(), copies=30).texts
    assert texts
    for text in texts:
        assert sorted_words(text) == sorted_words(TENT)
        assert [c for c in text if c in ",:."] == [",", ":", "."]
        changed = [a != b for a, b in zip(text.split(), TENT.split(), strict=True)]
        assert sum(changed) == 2, "one pair of nine words at a share of .2"


def test_neighbours_lie_above_the_floor_and_are_best_first():
    words = list(TABLE)
    table = nearest_words(words, Meanings().encode(words), floor=0.6, most=5)
    assert [word for word, _ in table["warm"]] == ["cosy", "hot"]
    assert table["warm"][1][1] == pytest.approx(2**-0.5)
    assert "dry" not in table
    assert "cheap" not in table
    assert [w for w, _ in nearest_words(words, Meanings().encode(words), 0.6, 1)["warm"]] == ["cosy"]
    assert "hot" not in nearest_words(words, Meanings().encode(words), floor=0.8, most=5)


def test_synonyms_replace_what_has_neighbours_in_its_case():
    texts = ["Warm and dry", "cosy and dry", "WARM and cheap", "so cosy"]
    config = SynonymsConfig(floor=0.9, common=1.0, least=1)
    more = augment_texts(texts, [Synonyms.of(texts, Meanings(), config)], rng())
    assert more.texts == ("Cosy and dry", "warm and dry", "COSY and cheap", "so warm")
    assert more.origins.tolist() == [0, 1, 2, 3]
    assert more.effects[0].touched == 4


def test_function_words_rare_words_and_kept_words_are_left():
    texts = ["warm warm", "warm cosy", "cosy warm", "hot warm"]
    with pytest.raises(DataError, match="no word stands in 3 of 4 texts"):
        Synonyms.of(texts, Meanings(), SynonymsConfig(least=3, common=0.5))
    learnt = Synonyms.of(
        texts, Meanings(), SynonymsConfig(least=1, common=1.0, floor=0.5, keep=("COSY",))
    ).neighbours
    assert {w: [n for n, _ in near] for w, near in learnt.items()} == {"warm": ["hot"], "hot": ["warm"]}


def test_what_is_too_far_is_left_out_and_counted():
    texts = ["warm and dry"] * 3
    config = SynonymsConfig(floor=0.5, common=1.0, least=1, share=1.0, most=5)
    way = Synonyms.of([*texts, "cosy", "hot"], Meanings(), config)
    free = augment_texts(texts, [way], rng(), Meanings(), copies=10)
    assert set(free.texts) == {"cosy and dry", "hot and dry"}
    strict = augment_texts(texts, [way], rng(), Meanings(), copies=10, floor=0.9)
    assert set(strict.texts) == {"cosy and dry"}
    assert strict.effects[0].too_far == 3, "hot, once for each of three texts"
    cosine = strict.effects[0].likeness[1]
    assert cosine.measure == "cosine by meanings"
    assert cosine.mean == pytest.approx(1 / np.sqrt(1.04), abs=1e-6)


def test_one_seed_is_one_result():
    texts = [TENT, "a warm and dry place to sleep in the hills"] * 5
    ways = [Deletion(share=0.3), Swap(share=0.3)]
    one, two, other = (augment_texts(texts, ways, rng(seed), copies=2).texts for seed in (1, 1, 2))
    assert one == two
    assert one != other


def test_unchanged_texts_are_left_out_and_counted():
    more = augment_texts(["", "word", "!!"], [Deletion(), Swap()], rng(), WordEncoder())
    assert more.texts == ()
    assert [effect.unchanged for effect in more.effects] == [3, 3]
    assert str(more.effects[1]) == "swap(share=0.1): 0 made of 3; 3 could not be changed"


class Wordbook:
    """Translates word by word; what it is asked is kept."""

    def __init__(self, answer=None):
        self.asked = []
        self.answer = answer

    def complete(self, messages, schema=None):
        task, text = messages
        self.asked.append((task.content.split(".")[0], text.content))
        if self.answer is not None:
            return self.answer
        there = {"warm": "lauwarm", "dry": "trocken"}
        back = {"lauwarm": "mild", "trocken": "dry"}
        book = there if "into German" in task.content else back
        return " ".join(book.get(word, word) for word in text.content.split()) + "\n"


def test_back_translation_goes_there_and_back_once_a_text():
    model = Wordbook()
    assert isinstance(model, Generator)
    more = augment_texts(["warm", "dry", "warm", " "], [BackTranslation(model)], rng())
    assert more.texts == ("mild", "mild")
    assert more.origins.tolist() == [0, 2]
    assert model.asked == [
        ("Translate what the user writes from English into German", "warm"),
        ("Translate what the user writes from German into English", "lauwarm"),
        ("Translate what the user writes from English into German", "dry"),
        ("Translate what the user writes from German into English", "trocken"),
    ]


@pytest.mark.parametrize("answer", [" ", {"text": "warm"}])
def test_an_answer_that_is_no_text_is_an_error(answer):
    with pytest.raises(ComponentError, match="has to answer with text"):
        augment_texts(["warm"], [BackTranslation(Wordbook(answer))], rng())


def test_calls_that_cannot_be_meant_are_refused():
    with pytest.raises(DataError, match=r"for one, pass \[text\]"):
        augment_texts("warm", [Swap()], rng())
    with pytest.raises(DataError, match="row 1 is None"):
        augment_texts(["warm", None], [Swap()], rng())
    with pytest.raises(DataError, match=r"needs a way, such as Deletion\(\)"):
        augment_texts(["warm"], [], rng())
    with pytest.raises(SettingsError, match="needs an encoder"):
        augment_texts(["warm"], [Swap()], rng(), floor=0.5)
    with pytest.raises(SettingsError, match="copies = 0"):
        augment_texts(["warm"], [Swap()], rng(), copies=0)


def test_every_way_is_a_way():
    ways = [Deletion(), Swap(), BackTranslation(Wordbook()), Synonyms(SynonymsConfig(), {})]
    assert all(isinstance(way, TextWay) for way in ways)
