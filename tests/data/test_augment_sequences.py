"""What anyone may rely on from augmented histories: only events that happened, in their order, and a true account."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llm4rec.core import (
    Catalog,
    Column,
    ColumnType,
    DataError,
    Dataset,
    History,
    Interactions,
    Users,
    Vocabulary,
)
from llm4rec.data import Crop, Mask, Windows, augment_dataset, augment_histories

TEN = History.of(list(range(100, 110)))


def rng(seed=0):
    return np.random.default_rng(seed)


def items(more):
    return [h.items.tolist() for h in more.histories]


def shop(ids=("ann", "bob", "cy"), lengths=(10, 4, 1)):
    """One event a second; user n takes items n, n + 1, ...; texts say who wrote them."""
    users = np.repeat(np.arange(len(ids)), lengths)
    taken = np.concatenate([np.arange(n, n + size) for n, size in enumerate(lengths)])
    texts = np.array([f"by {u}" for u in users], dtype=object)
    events = Interactions.of(users, taken, timestamps=np.arange(len(users)), texts=texts)
    age = Column(ColumnType.NUMBER, np.array([30.0, 40.0, 50.0][: len(ids)]))
    return Dataset(events, Catalog(Vocabulary(range(20))), Users(Vocabulary(ids), {"age": age}))


def test_a_crop_is_a_run_of_the_history_with_its_times():
    (crop,) = augment_histories([TEN], [Crop(share=0.5)], rng()).histories
    first = int(crop.items[0])
    assert crop.items.tolist() == list(range(first, first + 5))
    assert crop.timestamps.tolist() == [float(n - 100) for n in crop.items]


def test_crops_begin_everywhere():
    more = augment_histories([TEN], [Crop(share=0.8, copies=200)], rng())
    assert {h.items[0] for h in more.histories} == {100, 101, 102}


def test_a_mask_leaves_out_its_share_and_keeps_the_order():
    more = augment_histories([TEN], [Mask(share=0.3, copies=50)], rng())
    assert {len(h) for h in more.histories} == {7}
    assert all((np.diff(h.items) > 0).all() for h in more.histories)
    gone = {item for h in more.histories for item in set(range(100, 110)) - set(h.items.tolist())}
    assert gone == set(range(100, 110)), "every event is left out sooner or later"


def test_windows_cover_the_history_from_its_end():
    way = Windows(length=4, step=3, newest=True)
    assert items(augment_histories([TEN], [way], rng())) == [
        [106, 107, 108, 109],
        [103, 104, 105, 106],
        [100, 101, 102, 103],
    ]
    uneven = augment_histories([TEN], [Windows(length=4, step=4, newest=True)], rng())
    assert items(uneven)[1:] == [[102, 103, 104, 105], [100, 101, 102, 103]], "the oldest events are in"
    assert items(augment_histories([TEN], [Windows(length=4, step=4)], rng())) == items(uneven)[1:]


def test_short_histories_are_left_alone_and_counted():
    short = [History.of([1, 2]), History.of([]), TEN]
    ways = [Crop(), Mask(), Windows(length=9, step=9)]
    more = augment_histories(short, ways, rng())
    assert more.origins.tolist() == [2, 2, 2]
    assert [effect.unchanged for effect in more.effects] == [2, 2, 2]


def test_the_account_is_true():
    more = augment_histories([TEN, TEN], [Crop(share=0.5), Mask(share=0.2, copies=2)], rng())
    crop, mask = more.effects
    assert (crop.given, crop.made, crop.places, crop.touched) == (2, 2, 20, 10)
    assert (mask.given, mask.made, mask.places, mask.touched) == (2, 4, 40, 8)
    assert crop.likeness[0].mean == 0.5
    assert mask.likeness[0].mean == pytest.approx(0.8)
    assert more.ways.tolist() == [0, 0, 1, 1, 1, 1]
    assert str(crop) == (
        "crop(share=0.5, copies=1, least=2): 2 made of 2; 10 of 20 events touched (50.0 %); "
        "share of events kept 0.500 on average, 0.500 at the lowest 5 %"
    )


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(0, 99))
@settings(max_examples=30)
def test_one_seed_is_one_result_and_nothing_is_made_up(lengths, seed):
    histories = [History.of(list(range(1000 * n, 1000 * n + size))) for n, size in enumerate(lengths)]
    ways = [Crop(copies=2), Mask(), Windows(length=5, step=2)]
    one, two = (augment_histories(histories, ways, rng(seed)) for _ in range(2))
    assert items(one) == items(two)
    for history, origin in zip(one.histories, one.origins, strict=True):
        assert set(history.items) < set(histories[origin].items)
        assert (np.diff(history.timestamps) > 0).all()


def test_a_data_set_grows_behind_the_users_it_has():
    before = shop()
    after, effects = augment_dataset(before, [Crop(share=0.5), Mask(share=0.5)], rng())
    assert after.users.ids.ids[:3] == before.users.ids.ids
    for user in range(3):
        assert after.history(user).items.tolist() == before.history(user).items.tolist()
    assert len(after.users) == 3 + 4, "ann and bob are cut and thinned, cy has one event"
    assert after.users.columns["age"].values.tolist() == [30, 40, 50, 30, 40, 30, 40]
    assert [len(after.history(u)) for u in range(3, 7)] == [5, 2, 5, 2]
    assert set(after.history(4).items) < set(before.history(1).items)
    assert after.catalog is before.catalog
    assert [note.split(":")[0] for note in after.notes] == ["augmentation", "augmentation"]
    assert effects[0].made == 2
    assert not any("augmentation" in note for note in before.notes)


def test_texts_are_not_written_twice():
    after, _ = augment_dataset(shop(), [Crop()], rng())
    assert [t for t in after.interactions.texts if t is not None] == list(shop().interactions.texts)


def test_ids_of_made_users_are_new_and_of_the_same_kind():
    numbers, _ = augment_dataset(shop(ids=(7, 3, 5)), [Crop()], rng())
    assert numbers.users.ids.ids == (7, 3, 5, 8, 9)
    awkward, _ = augment_dataset(shop(ids=("a", "a~0", "b")), [Crop()], rng())
    assert awkward.users.ids.ids[3:] == ("a~~0", "a~0~~1")


def test_nothing_to_make_leaves_the_data_set():
    before = shop(lengths=(2, 1, 0))
    after, (effect,) = augment_dataset(before, [Crop()], rng())
    assert after is before
    assert effect.made == 0
    assert str(effect).endswith("0 made of 3; 3 could not be changed")


def test_a_call_without_a_way_is_refused():
    with pytest.raises(DataError, match=r"needs a way, such as Crop\(\)"):
        augment_histories([TEN], [], rng())


def test_windows_with_gaps_are_refused():
    with pytest.raises(ValueError, match="events are lost"):
        Windows(length=4, step=5)
