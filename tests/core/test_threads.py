"""What anyone may rely on from work in blocks."""

import threading

import pytest

from llm4rec.core.threads import by_blocks, threads


@pytest.mark.parametrize("crew", ["1", "3"])
@pytest.mark.parametrize("rows", [0, 1, 7, 1_000])
def test_every_row_is_worked_on_once(monkeypatch, crew, rows):
    monkeypatch.setenv("OMP_NUM_THREADS", crew)
    done = []
    by_blocks(lambda start, stop: done.extend(range(start, stop)), rows, least=10)
    assert sorted(done) == list(range(rows))


def test_several_threads_are_used(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    both = threading.Barrier(2, timeout=20)
    by_blocks(lambda start, stop: both.wait(), 20, least=10)
    assert not both.broken


def test_an_error_passes_through_and_ends_the_work(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")

    def fails(start, stop):
        raise ZeroDivisionError(start)

    with pytest.raises(ZeroDivisionError):
        by_blocks(fails, 1_000, least=1)


@pytest.mark.parametrize("wrong", ["", "0", "many", "-1"])
def test_a_number_of_threads_that_is_none_is_not_taken(monkeypatch, wrong):
    monkeypatch.setenv("OMP_NUM_THREADS", wrong)
    assert threads() >= 1


def test_the_number_of_threads_can_be_told(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert threads() == 7
