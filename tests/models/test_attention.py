"""What anyone may rely on from Attention."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from llm4rec.core import (
    ComponentError,
    Dataset,
    FolderError,
    Holdout,
    Interactions,
    Request,
    SettingsError,
    Users,
    Vocabulary,
)
from llm4rec.models.attention import TIME_AWARE, Attention, AttentionConfig
from llm4rec.testing import asking, best, context, fitted, in_a_row, shelf
from llm4rec.testing.shelves import _catalog

QUICK = AttentionConfig(epochs=10, learning_rate=3e-3, dropout=0.1)
HOUR = 3_600.0


def told(titles, rows):
    """A data set of (user, item, value, time) rows."""
    users, items, values, times = (list(column) for column in zip(*rows, strict=True))
    interactions = Interactions.of(users, items, values=values, timestamps=times).sorted()
    people = Users(Vocabulary([f"user-{n}" for n in range(max(users) + 1)]))
    return Dataset(interactions, _catalog(titles), people, "told")


@pytest.mark.parametrize(
    "changes",
    [{}, {"gated": True}, {"loss": "sampled", "negatives": 8}, {"blocks": 2, "heads": 2}],
    ids=["plain", "gated", "sampled", "deeper"],
)
def test_what_comes_next_is_learnt_from_the_order_alone(changes):
    data = in_a_row()
    model = fitted(Attention(QUICK.model_copy(update=changes)), data)
    assert [best(model, asking(i - 2, i - 1, i)) for i in range(2, 11)] == list(range(3, 12))


def test_the_order_of_a_history_matters():
    model = fitted(Attention(QUICK), in_a_row())
    there, back = model.score([asking(4, 5, 6), asking(6, 5, 4)])
    assert there.argmax() == 7
    assert np.abs(there - back).max() > 1.0


def test_a_new_thing_is_found_by_its_text():
    robots, soil = ("space robots", "robots and peace", "robots at war"), ("garden soil", "soil and roses")
    rows = [[0, 1, 2], [1, 2, 0], [2, 0, 1], [3, 4], [4, 3]] * 3
    titles = [*robots, *soil]
    data = told(titles, [(u, i, 5.0, float(t)) for u, row in enumerate(rows) for t, i in enumerate(row)])
    model = fitted(Attention(QUICK), data)
    more = told([*titles, "peace with robots", "roses in the garden"], [(0, 0, 5.0, 0.0)]).catalog
    grown = model.grow(more, context(data))
    for_robots, for_soil = grown.score([asking(0, 1), asking(3)])[:, 5:]
    assert for_robots[0] > for_robots[1]
    assert for_soil[1] > for_soil[0]


def test_a_known_thing_that_nobody_took_has_its_content():
    data = shelf("space robots", "robots and peace", "garden soil", "robots sequel")
    assert best(fitted(Attention(QUICK), data), asking(0, 1)) == 3


def test_a_new_thing_can_be_the_whole_history():
    data = in_a_row()
    grown = fitted(Attention(QUICK), data).grow(in_a_row(size=13).catalog, context(data))
    scores = grown.score([asking(12), asking(3)])
    assert np.isfinite(scores).all()
    vectors = grown.user_vectors([asking(12), asking(3)]) @ grown.item_vectors().T
    np.testing.assert_allclose(vectors, scores, rtol=1e-5, atol=1e-5)


def test_a_grown_model_comes_back_from_its_state():
    data = in_a_row()
    grown = fitted(Attention(QUICK), data).grow(in_a_row(size=14).catalog, context(data))
    back = Attention(grown.chosen).restore(grown.state(), context(data))
    requests = [asking(12, 3), asking(0)]
    np.testing.assert_array_equal(back.score(requests), grown.score(requests))
    again = back.grow(in_a_row(size=15).catalog, context(data))
    assert again.score(requests).shape == (2, 15)


def test_what_an_event_was_rated_is_read():
    rows = [
        (u, [1, 2][u % 2] if t else 0, 1.0 if u % 2 and not t else 5.0, float(t))
        for u in range(40)
        for t in (0, 1)
    ]
    data = told(["first", "for those who liked it", "for those who did not"], rows)
    model = fitted(Attention(QUICK.model_copy(update={"parts": (), "epochs": 30})), data)
    liked, not_liked = (data.history(u).take(slice(0, 1)) for u in (0, 1))
    scores = model.score([Request(liked), Request(not_liked)])[:, 1:]
    assert scores.argmax(axis=1).tolist() == [0, 1]


def in_time(users=40):
    """After item 0 comes item 1 within the hour, and item 2 after a month."""
    rows = []
    for user in range(users):
        gap = HOUR if user % 2 else 700 * HOUR
        rows += [(user, 0, 5.0, 0.0), (user, 1 if user % 2 else 2, 5.0, gap)]
    return told(["first", "soon", "late"], rows)


def test_the_time_of_the_question_is_read_only_when_asked_for():
    data = in_time()
    history = data.history(0).take(slice(0, 1))
    soon, late = Request(history, time=HOUR), Request(history, time=700 * HOUR)
    plain = fitted(Attention(QUICK), data)
    np.testing.assert_array_equal(*plain.score([soon, late]))
    assert not plain.time_aware
    assert TIME_AWARE not in plain.notes_
    aware = fitted(Attention(QUICK.model_copy(update={"time_aware": True, "epochs": 30})), data)
    assert aware.score([soon, late])[:, 1:].argmax(axis=1).tolist() == [0, 1]
    assert np.isfinite(aware.score([Request(history)])).all()
    assert aware.time_aware
    assert TIME_AWARE in aware.notes_


class Killed(Exception):
    """The process ends here."""


def dying(after):
    """Progress that stops the work after some steps."""

    def progress(steps, label, total=None):
        for number, step in enumerate(steps):
            if number == after:
                raise Killed
            yield step

    return progress


def test_a_fit_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path):
    data = in_a_row()
    kept = QUICK.model_copy(update={"checkpoint": str(tmp_path), "epochs": 5})
    with pytest.raises(Killed):
        Attention(kept).fit(data, context(data, progress=dying(3)))
    epochs = []
    resumed = Attention(kept).fit(
        data, context(data, progress=lambda steps, *_: epochs.extend(steps) or epochs)
    )
    assert epochs == [3, 4]
    straight = Attention(kept.model_copy(update={"checkpoint": ""})).fit(data, context(data))
    requests = [asking(3, 4, 5), asking(1)]
    np.testing.assert_array_equal(resumed.score(requests), straight.score(requests))


@pytest.mark.parametrize("damage", [b"", b"not tensors at all", None])
def test_a_damaged_checkpoint_is_named_with_what_to_do(tmp_path, damage):
    kept = QUICK.model_copy(update={"checkpoint": str(tmp_path), "epochs": 1})
    data = in_a_row()
    Attention(kept).fit(data, context(data))
    (path,) = tmp_path.glob("*.safetensors")
    path.write_bytes(path.read_bytes()[:-100] if damage is None else damage)
    with pytest.raises(FolderError, match=rf"{path.name} is damaged.*delete it"):
        Attention(kept).fit(data, context(data))


def test_another_fit_does_not_go_on_from_the_checkpoint(tmp_path):
    kept = QUICK.model_copy(update={"checkpoint": str(tmp_path), "epochs": 2})
    fitted(Attention(kept), in_a_row())
    fitted(Attention(kept.model_copy(update={"learning_rate": 1e-4})), in_a_row())
    fitted(Attention(kept), in_a_row(users=30))
    assert len(list(tmp_path.iterdir())) == 3


def spoilt(after):
    """A loss that is no number from some step on."""
    from llm4rec.models import attention_training_net as module

    steps, real = iter(range(10_000)), module.step_loss
    return lambda *given: real(*given) * (float("nan") if next(steps) >= after else 1.0)


def test_a_loss_that_is_no_number_names_the_learning_rate_and_leaves_the_last_good_checkpoint(
    tmp_path, monkeypatch
):
    data, requests = in_a_row(), [asking(3, 4, 5)]
    kept = QUICK.model_copy(update={"checkpoint": str(tmp_path), "epochs": 4})
    with monkeypatch.context() as patch:
        patch.setattr("llm4rec.models.attention_training_net.step_loss", spoilt(after=20))
        with pytest.raises(ComponentError, match="learning_rate"):
            fitted(Attention(kept), data)
    assert [path.suffix for path in tmp_path.iterdir()] == [".safetensors"]
    straight = fitted(Attention(kept.model_copy(update={"checkpoint": ""})), data)
    np.testing.assert_array_equal(fitted(Attention(kept), data).score(requests), straight.score(requests))


def test_a_learning_rate_beyond_all_measure_is_an_error():
    with pytest.raises(ComponentError, match="lower learning_rate"):
        fitted(Attention(QUICK.model_copy(update={"learning_rate": 1e38})), in_a_row())


def test_people_with_one_event_leave_content_alone():
    data = told(["robots", "robots again", "soil"], [(0, 0, 5.0, 0.0), (1, 2, 5.0, 0.0)])
    model = fitted(Attention(QUICK), data)
    assert any("nothing to train on" in note for note in model.notes_)
    assert best(model, asking(0)) == 1


def test_epochs_chosen_are_the_best_and_run_again_without_questions():
    data = in_a_row()
    questions = Holdout([Request(data.history(0))], [np.array([11])])
    here = context(data)  # one generator for both fits: how often it was used before must not matter
    here.rng.random()
    model = Attention(QUICK).fit(data, replace(here, holdout=questions))
    here.rng.random()
    assert 1 <= model.chosen.stop <= QUICK.epochs
    assert not model.chosen.tune
    again = Attention(model.chosen).fit(data, here)
    np.testing.assert_array_equal(again.score([asking(1, 2)]), model.score([asking(1, 2)]))


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"loss": "hinge"}, "loss"),
        ({"heads": 3}, "heads"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"reg": -1}, "reg"),
        ({"dropout": 1.0}, "dropout"),
        ({"embeding_size": 8}, "embedding_size"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(options, culprit):
    with pytest.raises(SettingsError, match=culprit):
        AttentionConfig.of(options)
    with pytest.raises(ValidationError):
        AttentionConfig(**options)
