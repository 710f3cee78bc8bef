"""What anyone may rely on from the consistency losses: sure answers are followed, unsure ones are not, and no target learns."""

import numpy as np
import pytest
import torch

from llm4rec.encoders.few_labels.consistency_net import agree, aligned, follow


def logits(*rows):
    return torch.log(torch.tensor(rows, dtype=torch.float32))


def test_a_sure_answer_is_followed_and_an_unsure_one_is_not():
    weak, strong = logits([0.98, 0.02], [0.6, 0.4]), logits([0.5, 0.5], [0.1, 0.9])
    loss, used = follow(weak, strong, confidence=0.9)
    assert loss.item() == pytest.approx(np.log(2) / 2), "one row of two, at -log .5"
    assert used.item() == 0.5
    loss, used = follow(weak, strong, confidence=0.5)
    assert loss.item() == pytest.approx((np.log(2) - np.log(0.1)) / 2)


def test_temperature_decides_who_is_sure():
    weak, strong = logits([0.98, 0.02]), logits([0.5, 0.5])
    assert follow(weak, strong, confidence=0.9, temperature=3.0)[1].item() == 0.0
    assert follow(weak, strong, confidence=0.9, temperature=1.0)[1].item() == 1.0


def test_each_class_may_have_its_own_bar():
    weak, strong = logits([0.8, 0.2], [0.2, 0.8]), logits([0.5, 0.5], [0.5, 0.5])
    _, used = follow(weak, strong, confidence=torch.tensor([0.9, 0.7]))
    assert used.item() == 0.5


def test_soft_targets_are_sharpened_and_zero_where_both_agree():
    weak, strong = logits([0.8, 0.2]), logits([0.8, 0.2])
    assert follow(weak, strong, 0.5, sharpen=1.0)[0].item() == pytest.approx(0.0, abs=1e-6)
    p = np.array([0.64, 0.04]) / 0.68
    wanted = float((p * np.log(p / [0.8, 0.2])).sum())
    assert follow(weak, strong, 0.5, sharpen=0.5)[0].item() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("sharpen", [0.0, 1.0])
def test_only_the_strong_side_learns(sharpen):
    weak = logits([0.98, 0.02]).requires_grad_()
    strong = logits([0.5, 0.5]).requires_grad_()
    follow(weak, strong, sharpen=sharpen)[0].backward()
    assert weak.grad is None
    wanted = 0.5 if sharpen == 0 else 0.48
    assert strong.grad[0].tolist() == pytest.approx([-wanted, wanted])


def test_answers_are_drawn_to_the_shares_known():
    chances = torch.tensor([[0.9, 0.1], [0.7, 0.3]])
    moved = aligned(chances, torch.tensor([0.5, 0.5]), chances.mean(dim=0))
    assert moved.sum(dim=1).tolist() == pytest.approx([1.0, 1.0])
    assert moved[0].tolist() == pytest.approx(
        [0.9 / 0.8 / (0.9 / 0.8 + 0.1 / 0.2), 0.1 / 0.2 / (0.9 / 0.8 + 0.1 / 0.2)]
    )
    assert torch.allclose(aligned(chances, chances.mean(dim=0), chances.mean(dim=0)), chances)
    # By itself the second row is class 0; that class is over-used, so it becomes class 1.
    weak, strong = logits([0.99, 0.01], [0.6, 0.4]), logits([0.5, 0.5], [0.1, 0.9])
    plain = follow(weak, strong, confidence=0.5)[0]
    fair = follow(weak, strong, confidence=0.5, prior=torch.tensor([0.5, 0.5]))[0]
    assert plain.item() == pytest.approx((np.log(2) - np.log(0.1)) / 2)
    assert fair.item() == pytest.approx((np.log(2) - np.log(0.9)) / 2)


def test_agreement_is_symmetric_zero_for_equals_and_both_learn():
    first, second = logits([0.8, 0.2]).requires_grad_(), logits([0.5, 0.5]).requires_grad_()
    p, q = np.array([0.8, 0.2]), np.array([0.5, 0.5])
    wanted = 0.5 * float((p * np.log(p / q)).sum() + (q * np.log(q / p)).sum())
    assert agree(first, second).item() == pytest.approx(wanted, abs=1e-6)
    assert agree(second, first).item() == pytest.approx(wanted, abs=1e-6)
    assert agree(first, first).item() == pytest.approx(0.0, abs=1e-7)
    agree(first, second).backward()
    assert first.grad.abs().sum() > 0
    assert second.grad.abs().sum() > 0


def test_constant_shifts_of_logits_change_nothing():
    weak, strong = logits([0.98, 0.02]), logits([0.3, 0.7])
    assert follow(weak + 5, strong - 3)[0].item() == pytest.approx(follow(weak, strong)[0].item(), abs=1e-5)
