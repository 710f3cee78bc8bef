"""What a data set asks of an encoder: the last item of each person among the nearest in meaning."""

import numpy as np
import pytest

from llm4rec.core import Catalog, Dataset, Interactions, SettingsError, Users, Vocabulary
from llm4rec.core.columns import Column, ColumnType
from llm4rec.engine import compress_encoder
from llm4rec.engine.compressing import questions_of, some_of

GROUPS, SIZE, PEOPLE = 8, 8, 64


@pytest.fixture
def data():
    """Everyone takes five items of one group of eight."""
    rng = np.random.default_rng(0)
    rows = [SIZE * (user % GROUPS) + rng.permutation(SIZE)[:5] for user in range(PEOPLE)]
    taken = Interactions.of(np.repeat(np.arange(PEOPLE), 5), np.concatenate(rows))
    titles = np.array([f"thing {n}" for n in range(GROUPS * SIZE)], dtype=object)
    catalog = Catalog(Vocabulary(range(GROUPS * SIZE)), {"title": Column(ColumnType.TEXT, titles)})
    return Dataset(taken.sorted(), catalog, Users(Vocabulary(range(PEOPLE))), "groups")


def test_vectors_that_know_the_groups_are_worth_more_than_chance(data):
    rng = np.random.default_rng(1)
    asked = questions_of(data, rng)
    knowing = np.repeat(np.eye(GROUPS, dtype=np.float32), SIZE, axis=0)
    knowing += 0.01 * rng.standard_normal(knowing.shape, dtype=np.float32)
    guessing = rng.standard_normal(knowing.shape, dtype=np.float32)
    good, bad = asked.gains(knowing), asked.gains(guessing)
    assert len(asked.texts) == GROUPS * SIZE
    # Four of the group are left to rank: the mean of 1, 1/log2(3), 1/2 and 1/log2(5).
    assert good.mean() == pytest.approx(0.64, abs=0.08)
    assert good.min() >= 1 / np.log2(5) - 1e-9
    assert bad.mean() < 0.2


def test_a_part_of_the_data_keeps_whole_histories(data):
    part = some_of(data, 24, np.random.default_rng(0))
    assert len(part.catalog) == 24
    assert set(np.bincount(part.interactions.users)) == {5}
    names = part.catalog.ids.ids
    for number, name in enumerate(part.users.ids.ids):
        mine = [names[item] for item in part.history(number).items]
        assert mine == data.history(int(name)).items.tolist()
    assert some_of(data, 64, np.random.default_rng(0)) is data


def test_a_wrong_option_is_named(tmp_path):
    with pytest.raises(SettingsError, match="did you mean 'most_drift'"):
        compress_encoder(tmp_path / "out", {"most_drif": 1})
