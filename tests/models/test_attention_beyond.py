"""What the loss of Attention may hold beside cross-entropy: formulas, gradients, and what they do to lists."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from llm4rec.core import Dataset, Interactions, Request, Users, Vocabulary
from llm4rec.models import attention_beyond_net, attention_training_net
from llm4rec.models.attention import Attention, AttentionConfig
from llm4rec.models.attention_beyond_net import Traits, beyond, rare_of, units_of
from llm4rec.testing import fitted
from llm4rec.testing.shelves import _catalog

QUICK = AttentionConfig(epochs=15, learning_rate=3e-3, dropout=0.0, id_dropout=0.0, tune=False)
KINDS = ("space robots", "garden soil", "french cooking")


@pytest.fixture(scope="module")
def shelves():
    """Three subjects of eight items; people read one subject, and one event in four is of another. Within a subject the
    first three items are taken four times as often as the others.
    """
    rng = np.random.default_rng(3)
    users, items = [], []
    often = np.array([4.0] * 3 + [1.0] * 5) / 17
    for user in range(90):
        own = user % 3
        for _ in range(10):
            kind = own if rng.random() < 0.75 else int(rng.integers(3))
            users.append(user)
            items.append(8 * kind + int(rng.choice(8, p=often)))
    titles = [f"{KINDS[item // 8]} {item % 8}" for item in range(24)]
    events = Interactions.of(users, items, timestamps=np.arange(len(users), dtype=float)).sorted()
    return Dataset(events, _catalog(titles), Users(Vocabulary([f"u{u}" for u in range(90)])), "shelves")


def expected(data, **options):
    """Mean pairwise similarity by subject and mean self-information that the chances of a fitted model expect."""
    model = fitted(Attention(QUICK.model_copy(update=options)), data)
    scores = torch.tensor(model.score([Request(data.history(u), user=u) for u in range(len(data.users))]))
    chances = torch.softmax(scores, dim=1).numpy()
    subject = chances.reshape(-1, 3, 8).sum(axis=2)
    rare = rare_of(torch.tensor(data.counts.astype(np.float32))).numpy()
    return float((subject**2).sum(axis=1).mean()), float((chances @ rare).mean())


def test_the_more_diversity_weighs_the_less_alike_what_is_expected(shelves):
    near = [expected(shelves, diversity_reg=reg)[0] for reg in (0.0, 1.0, 8.0)]
    assert near[0] > near[1] > near[2]
    assert near[0] - near[2] > 0.05
    assert near[2] > 1 / 3, "three subjects alike are as far apart as can be"


def test_the_more_novelty_weighs_the_rarer_what_is_expected(shelves):
    rare = [expected(shelves, novelty_reg=reg)[1] for reg in (0.0, 1.0, 8.0)]
    assert rare[0] < rare[1] < rare[2]
    assert rare[2] - rare[0] > 0.05


def test_the_sampled_loss_has_the_terms_too(shelves):
    options = {"loss": "sampled", "negatives": 16}
    plain, turned = (
        expected(shelves, **options),
        expected(shelves, **options, diversity_reg=4.0, novelty_reg=4.0),
    )
    assert turned[0] < plain[0] - 0.02
    assert turned[1] > plain[1] + 0.02


def test_at_zero_the_loss_is_cross_entropy_alone(shelves, monkeypatch):
    def asked_for(*args):
        raise AssertionError("nothing is to be computed")

    plain = fitted(Attention(QUICK), shelves).item_vectors()
    monkeypatch.setattr(attention_training_net, "beyond", asked_for)
    zeros = QUICK.model_copy(update={"diversity_reg": 0.0, "novelty_reg": 0.0})
    np.testing.assert_array_equal(fitted(Attention(zeros), shelves).item_vectors(), plain)
    with pytest.raises(AssertionError):
        fitted(Attention(QUICK.model_copy(update={"novelty_reg": 1e-6})), shelves)


def test_the_terms_are_their_formulas_whatever_the_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    tensor = lambda *shape: torch.tensor(rng.standard_normal(shape), requires_grad=True)  # noqa: E731
    places, items = tensor(7, 4), tensor(5, 4)
    traits = Traits(units_of(tensor(5, 3).detach()), torch.tensor(rng.random(5)))
    chances = torch.softmax(places @ items.T, dim=1)
    alike = torch.einsum("mi,ij,mj->m", chances, traits.units @ traits.units.T, chances)
    wanted = (2.0 * alike - 3.0 * (chances * traits.rare).sum(dim=1)).mean()
    slopes = torch.autograd.grad(wanted, (places, items))
    for cells in (10**6, 10):
        monkeypatch.setattr(attention_beyond_net, "CELLS", cells)
        found = beyond(places, items, traits, 2.0, 3.0)
        torch.testing.assert_close(found, wanted)
        for one, other in zip(torch.autograd.grad(found, (places, items)), slopes, strict=True):
            torch.testing.assert_close(one, other)


def test_self_information_goes_from_the_most_taken_to_what_nobody_took():
    rare = rare_of(torch.tensor([7.0, 3.0, 0.0])).tolist()
    assert rare == pytest.approx([0.0, 1.0 - np.log(4) / np.log(8), 1.0])
    assert rare_of(torch.zeros(2)).tolist() == [0.0, 0.0]


def test_an_item_without_content_is_unlike_all_others():
    units = units_of(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
    torch.testing.assert_close(units, torch.tensor([[0.6, 0.8], [0.0, 0.0]]))


@pytest.mark.parametrize("name", ["diversity_reg", "novelty_reg"])
def test_a_wrong_weight_is_refused_by_name(name):
    with pytest.raises(ValidationError, match=name):
        AttentionConfig(**{name: -0.1})
