"""What the shop window is told of a list: among other things whether its price is still to come."""

from llm4rec import Engine, sample_shop
from llm4rec.apps.web.shop.looking import looked
from llm4rec.engine import Settings
from llm4rec.engine.live import open_live
from llm4rec.store import open_store

PLAIN = {"encoder": {"name": "none"}, "cache": {"folder": "none"}}
ONE = {"user": "reader-001", "n": 5, "diversity": 0.5}


def test_a_price_that_will_not_be_measured_is_not_waited_for_again(tmp_path):
    settings = Settings(**PLAIN, rerank={"price_seconds": 0.0})
    engine = Engine(settings, model="sequence", tune=False).fit(sample_shop(readers=60, days=40))
    with open_store(str(tmp_path / "shop.db")) as store:
        live = open_live(engine, store)
        assert not looked(live, ONE | {"novelty": 0.5}).pricing, "several knobs at once have no price"
        assert not looked(live, {"user": "reader-001", "n": 5}).pricing
        again = [looked(live, ONE) for _ in range(2)][1]
    assert "price_seconds" in again.answer.trade.unpriced
    assert not again.pricing
