"""What is made of a fitted value: once, for everybody, kept as long as it is true, and let go with it."""

import gc
import threading
import time
import weakref

import pytest

from llm4rec import Engine, sample_shop
from llm4rec.engine import Settings
from llm4rec.engine.live.preparer import Preparer
from llm4rec.engine.made import Made
from llm4rec.engine.preparing import LISTS, PARTS, prepared


def test_many_who_ask_at_once_wait_for_one_making():
    made, times = Made(), []

    def make():
        times.append(1)
        time.sleep(0.05)
        return object()

    found = []
    threads = [threading.Thread(target=lambda: found.append(made.once("a", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 1
    assert len({id(one) for one in found}) == 1


def test_what_cannot_be_made_leaves_nothing_behind():
    made = Made()
    with pytest.raises(ZeroDivisionError):
        made.once("a", lambda: 1 // 0)
    assert made.names == frozenset()
    assert made.once("a", lambda: made.once("b", lambda: 1) + 1) == 2


def test_what_two_share_is_made_once_even_where_it_was_begun_before_the_second_was_there():
    before, after, begun, go = Made(), Made(), threading.Event(), threading.Event()

    def slow():
        begun.set()
        go.wait(20)
        return "made by the first"

    maker = threading.Thread(target=lambda: before.once("prices", slow))
    maker.start()
    assert begun.wait(20)
    after.share(before, ("prices",))
    assert after.get("prices") is None
    assert after.unless_busy("prices", lambda: "made again") is None
    go.set()
    assert after.once("prices", lambda: "made again") == "made by the first"
    maker.join()
    after.keep("prices", "its own")
    assert before.get("prices") == "made by the first"


@pytest.fixture(scope="module")
def shop():
    return sample_shop(readers=60, days=40)


@pytest.fixture
def engine(shop):
    plain = Settings(encoder={"name": "none"}, cache={"folder": "none"})
    return Engine(plain, model="sequence", tune=False).fit(shop)


def test_all_parts_are_kept_under_the_names_they_are_prepared_by(engine):
    assert list(prepared(engine.fitted)) == list(PARTS)
    # Without an encoder nothing is compared by meaning.
    assert set(PARTS) - engine.fitted.made.names <= {"likeness", "polarity", "encoder"}


def test_knobs_keep_their_meaning_when_items_join_and_all_else_is_made_anew(engine):
    engine.recommend("reader-001", n=5, diversity=0.5)
    engine.ask("a story of the sea")
    before = engine.fitted.made
    engine.add_items([{"item_id": "new-1", "title": "Storms of the Sea"}])
    after = engine.fitted.made
    assert after.get("curves") is before.get("curves")
    assert after.get("feelings") is before.get("feelings")
    assert after.get("lexicon") is None
    assert "new-1" in engine.ask("Storms of the Sea").answer.items


def test_what_serves_no_more_is_let_go_with_all_that_was_made_of_it(engine):
    engine.ask("a story of the sea")
    engine.chat("a story of the sea")
    engine.interests("reader-001")
    gone = weakref.ref(engine.fitted)
    engine.add_items([{"item_id": "new-1", "title": "Storms of the Sea"}])
    gc.collect()
    assert gone() is None


def test_first_what_is_wanted_and_later_what_was_in_use(engine):
    preparer = Preparer(lambda: engine.fitted, LISTS)
    preparer.step()
    assert engine.fitted.made.get("ordering") is not None
    assert engine.fitted.made.get("lexicon") is None
    engine.ask("a story of the sea")
    engine.add_items([{"item_id": "new-1", "title": "Storms of the Sea"}])
    preparer._rest_until = 0.0
    preparer.step()
    assert engine.fitted.made.get("lexicon") is not None
    assert engine.fitted.made.get("profiler") is None


def test_after_a_round_it_rests(engine):
    preparer = Preparer(lambda: engine.fitted, LISTS)
    preparer.step()
    engine.add_items([{"item_id": "new-1", "title": "Storms of the Sea"}])
    preparer.step()
    assert engine.fitted.made.get("ordering") is None


def test_a_service_that_begins_does_not_wait_for_prices(engine):
    preparer = Preparer(lambda: engine.fitted, LISTS)
    preparer.everything()
    assert {"lexicon", "profiler", "ordering"} <= engine.fitted.made.names
    assert "prices" not in engine.fitted.made.names
    preparer.step()
    assert "prices" in engine.fitted.made.names


def test_trouble_is_told(engine):
    def broken():
        raise OSError("no room")

    engine.fitted.made.once = lambda name, make: broken()
    preparer = Preparer(lambda: engine.fitted, LISTS)
    preparer.step()
    assert preparer.trouble == "OSError: no room"


def test_the_encoder_is_loaded_beforehand_and_nothing_is_kept_of_that(settings, shop):
    engine = Engine(settings, model="sequence", tune=False).fit(shop)
    encoder = engine.fitted.raw_encoder
    read = []
    encoder.encoder = Recorded(encoder.encoder, read)
    assert "encoder" in set(prepared(engine.fitted, {"encoder"}))
    assert read == [["ready"]]
    encoder.encode(["ready"])
    assert read == [["ready"], ["ready"]], "it did not come to stand in the cache"


class Recorded:
    """An encoder that notes what it reads."""

    def __init__(self, encoder, read):
        self.encoder, self.read = encoder, read
        self.name, self.width = encoder.name, encoder.width

    def encode(self, contents):
        self.read.append(list(contents))
        return self.encoder.encode(contents)
