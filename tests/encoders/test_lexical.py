"""The encoder of words and letters: alike in writing is near, in any script."""

import numpy as np
import pytest

from llm4rec.core import SettingsError
from llm4rec.encoders import JointConfig, JointEncoder, LexicalConfig, LexicalEncoder

TEXTS = ["红楼梦是一部小说", "一部关于家族的小说", "海底两万里", "The whale", "whales", "", "鲸鱼"]


def test_rows_have_length_one_and_nothing_is_zero():
    found = LexicalEncoder().encode(TEXTS)
    assert found.shape == (len(TEXTS), 512)
    assert np.linalg.norm(found, axis=1) == pytest.approx([1, 1, 1, 1, 1, 0, 1], abs=1e-5)


def test_texts_that_share_words_are_nearer():
    found = LexicalEncoder().encode(TEXTS)
    alike = found @ found.T
    assert alike[0, 1] > alike[0, 2] + 0.1
    assert alike[3, 4] > 0.4


def test_order_and_company_change_no_vector():
    encoder = LexicalEncoder()
    assert np.array_equal(encoder.encode(TEXTS)[::-1], encoder.encode(TEXTS[::-1]))
    assert np.array_equal(encoder.encode(TEXTS)[:1], encoder.encode(TEXTS[:1]))


def test_the_name_says_what_makes_the_vectors():
    assert LexicalEncoder().name != LexicalEncoder(LexicalConfig(width=64)).name
    with pytest.raises(SettingsError, match="width"):
        LexicalConfig.of({"width": 0})


def test_both_sides_take_part(monkeypatch):
    joint = JointEncoder(JointConfig(lexical=1.0))
    halves = np.eye(3, 384, dtype=np.float32)
    monkeypatch.setattr(joint.sentence, "encode", lambda texts: halves[: len(texts)])
    monkeypatch.setattr(type(joint.sentence), "width", 384)
    found = joint.encode(["红楼梦", "小说", "whale"])
    assert found.shape == (3, joint.width) == (3, 896)
    assert np.linalg.norm(found[:, :384], axis=1) == pytest.approx(np.full(3, 0.5**0.5), abs=1e-5)
