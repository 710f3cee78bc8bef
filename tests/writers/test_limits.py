"""How long one waits, when one stops asking, and what it may cost; all with a clock that stands still."""

import threading

import pytest

from llm4rec.core import (
    BreakerOpenError,
    CapReachedError,
    GeneratorRefusedError,
    GeneratorTimeoutError,
    GeneratorUnavailableError,
)
from llm4rec.writers.breaker import Breaker
from llm4rec.writers.retrying import Clock, Patience, patiently
from llm4rec.writers.spending import Caps, Purse, Spent

PATIENCE = Patience(attempts=4, timeout=10.0, max_wait=3.0, deadline=100.0, first_wait=1.0)


def failing(*errors):
    """A call that raises these in turn and then says "done"; it notes the seconds it was given."""
    left, given = list(errors), []

    def call(seconds):
        given.append(seconds)
        if left:
            raise left.pop(0)
        return "done"

    return call, given


def down(retry_after=None):
    return GeneratorUnavailableError("the server is down", retry_after)


def clock(time, chance=1.0):
    return Clock(now=time.now, sleep=time.sleep, chance=lambda: chance)


def test_waits_double_up_to_the_most(time):
    call, given = failing(down(), GeneratorTimeoutError("late"), down())
    assert patiently(call, PATIENCE, clock(time)) == "done"
    assert time.slept == [1.0, 2.0, 3.0]
    assert given == [10.0] * 4


def test_waits_vary_by_half(time):
    patiently(failing(down())[0], PATIENCE, clock(time, chance=0.0))
    assert time.slept == [0.5]
    assert len({Clock().chance() for _ in range(5)}) == 5


def test_after_the_last_attempt_the_failure_is_told_with_their_number(time):
    call, given = failing(*[down()] * 9)
    with pytest.raises(GeneratorUnavailableError, match=r"the server is down \(asked 4 times\)"):
        patiently(call, PATIENCE, clock(time))
    assert len(given) == 4


def test_a_refusal_is_final(time):
    call, given = failing(GeneratorRefusedError("no"))
    with pytest.raises(GeneratorRefusedError):
        patiently(call, PATIENCE, clock(time))
    assert (len(given), time.slept) == (1, [])


def test_the_wait_that_is_asked_for_is_the_least(time):
    patiently(failing(down(retry_after=2.0))[0], PATIENCE, clock(time, chance=0.0))
    assert time.slept == [2.5]


def test_a_wait_longer_than_allowed_is_not_begun(time):
    call, given = failing(down(retry_after=60.0))
    with pytest.raises(GeneratorUnavailableError, match="left alone for 60 seconds") as caught:
        patiently(call, PATIENCE, clock(time))
    assert (len(given), time.slept, caught.value.retry_after) == (1, [], 60.0)


def test_all_attempts_share_one_deadline(time):
    def call(seconds):
        given.append(seconds)
        time.time += seconds
        raise GeneratorTimeoutError("late")

    given = []
    with pytest.raises(GeneratorTimeoutError, match="asked 2 times"):
        patiently(call, Patience(9, timeout=10.0, max_wait=3.0, deadline=15.0, first_wait=1.0), clock(time))
    assert given == [10.0, 4.0]


def fail(breaker, error=None):
    with pytest.raises((GeneratorUnavailableError, GeneratorRefusedError)), breaker.guard("it"):
        raise error or down()


def test_a_breaker_opens_after_failures_in_a_row_only(time):
    breaker = Breaker(3, 30.0, time.now)
    for _ in range(2):
        fail(breaker)
        fail(breaker)
        with breaker.guard("it"):
            pass
    fail(breaker)
    fail(breaker)
    fail(breaker, GeneratorRefusedError("alive enough to refuse"))
    with breaker.guard("it"):
        pass


def opened(time):
    breaker = Breaker(2, 30.0, time.now)
    fail(breaker)
    fail(breaker)
    return breaker


def test_an_open_breaker_says_why_and_until_when(time):
    breaker = opened(time)
    time.time += 10
    told = r"it was not asked: it failed 2 times in a row \(last: the server is down\); .* in 20 seconds"
    with pytest.raises(BreakerOpenError, match=told), breaker.guard("it"):
        pytest.fail("asked all the same")


def test_one_success_after_the_pause_closes_it(time):
    breaker = opened(time)
    time.time += 30
    with breaker.guard("it"):
        pass
    fail(breaker)
    with breaker.guard("it"):
        pass


def test_one_failure_after_the_pause_opens_it_again(time):
    breaker = opened(time)
    time.time += 30
    fail(breaker)
    with pytest.raises(BreakerOpenError, match="in 30 seconds"), breaker.guard("it"):
        pytest.fail("asked all the same")


def test_of_many_one_makes_the_trial(time):
    breaker = opened(time)
    time.time += 30
    with breaker.guard("it"), pytest.raises(BreakerOpenError), breaker.guard("it"):
        pytest.fail("asked all the same")
    with breaker.guard("it"):
        pass


def test_a_trial_that_is_interrupted_leaves_room_for_another(time):
    breaker = opened(time)
    time.time += 30
    with pytest.raises(KeyboardInterrupt), breaker.guard("it"):
        raise KeyboardInterrupt
    with breaker.guard("it"):
        pass


def test_what_was_used_replaces_what_was_put_aside():
    purse = Purse(Caps(tokens=100, price_prompt=1e6, price_answer=2e6))
    for _ in range(3):
        with purse.pay(40, 10, "it") as bill:
            bill.settle(10, 5)
    assert purse.spent == Spent(3, 30, 15, 60.0)
    with purse.pay(40, 10, "it"):
        pass
    assert purse.spent == Spent(4, 70, 25, 120.0)


def test_what_is_not_known_is_charged_in_full_and_what_was_not_sent_is_free():
    purse = Purse(Caps())
    with pytest.raises(GeneratorTimeoutError), purse.pay(40, 10, "it"):
        raise GeneratorTimeoutError("late")
    with purse.pay(40, 10, "it") as bill:
        bill.cancel()
    assert purse.spent == Spent(1, 40, 10, 0.0)


def test_a_cap_is_told_before_it_is_overrun():
    purse = Purse(Caps(tokens=100))
    with purse.pay(50, 10, "it"):
        pass
    told = "it was not asked: it has used 60 of cap_tokens = 100, and this request may take 41 more"
    with pytest.raises(CapReachedError, match=told), purse.pay(31, 10, "it"):
        pytest.fail("paid all the same")
    with purse.pay(30, 10, "it"):
        pass


def test_money_is_capped_too():
    purse = Purse(Caps(cost=1.0, price_prompt=10_000.0, price_answer=30_000.0))
    with purse.pay(60, 10, "it"):
        pass
    told = r"has cost 0.9 of cap_cost = 1, .* may cost 0.11 more"
    with pytest.raises(CapReachedError, match=told), purse.pay(8, 1, "it"):
        pytest.fail("paid all the same")


def test_no_cap_is_overrun_by_many_at_once():
    purse = Purse(Caps(tokens=100))
    inside, leave, refused = threading.Barrier(6), threading.Event(), []

    def work():
        try:
            with purse.pay(20, 5, "it"):
                inside.wait(10)
                leave.wait(10)
        except CapReachedError as error:
            refused.append(error)
            inside.wait(10)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    inside.wait(10)
    leave.set()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert purse.spent.requests == 4
