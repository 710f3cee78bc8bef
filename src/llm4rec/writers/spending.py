"""What language models have cost and may still cost: tokens and money. Knows nothing of who is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from llm4rec.core import CapReachedError

MILLION = 1_000_000


@dataclass(frozen=True)
class Spent:
    """Requests sent, tokens read and written, and their price."""

    requests: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    cost: float = 0.0


@dataclass(frozen=True)
class Caps:
    """Most tokens (read and written) and most money; None is no cap. Prices are for a million tokens."""

    tokens: int | None = None
    cost: float | None = None
    price_prompt: float = 0.0
    price_answer: float = 0.0

    def price(self, prompt: int, answer: int) -> float:
        """Of so many tokens."""
        return (prompt * self.price_prompt + answer * self.price_answer) / MILLION


class Bill:
    """What one request cost. Whoever learns it says so; what is never said is charged as the most it can have been."""

    def __init__(self, prompt: int, answer: int) -> None:
        self.prompt = prompt
        self.answer = answer
        self.requests = 1

    def settle(self, prompt: int, answer: int) -> None:
        """So many tokens were read and written."""
        self.prompt, self.answer = prompt, answer

    def cancel(self) -> None:
        """Nothing was sent."""
        self.prompt = self.answer = self.requests = 0


class Purse:
    """Holds the caps. The most that a request may cost is put aside before it is sent, so that no cap is overrun,
    not even by threads that ask at once."""

    def __init__(self, caps: Caps) -> None:
        self.caps = caps
        self._lock = Lock()
        self._spent = Spent()
        self._aside_prompt = 0
        self._aside_answer = 0

    @property
    def spent(self) -> Spent:
        """Up to now, without what is under way."""
        with self._lock:
            return self._spent

    @contextmanager
    def pay(self, prompt: int, answer: int, who: str) -> Iterator[Bill]:
        """Send a request of at most so many tokens inside; CapReachedError where that may be too much."""
        self._put_aside(prompt, answer, who)
        bill = Bill(prompt, answer)
        try:
            yield bill
        finally:
            with self._lock:
                self._aside_prompt -= prompt
                self._aside_answer -= answer
                before = self._spent
                self._spent = Spent(
                    before.requests + bill.requests,
                    before.prompt_tokens + bill.prompt,
                    before.answer_tokens + bill.answer,
                    before.cost + self.caps.price(bill.prompt, bill.answer),
                )

    def _put_aside(self, prompt: int, answer: int, who: str) -> None:
        with self._lock:
            all_prompt = self._spent.prompt_tokens + self._aside_prompt + prompt
            all_answer = self._spent.answer_tokens + self._aside_answer + answer
            caps, cost = self.caps, self.caps.price(all_prompt, all_answer)
            if caps.tokens is not None and all_prompt + all_answer > caps.tokens:
                raise CapReachedError(
                    f"{who} was not asked: it has used {self._used()} of cap_tokens = {caps.tokens}, and this request "
                    f"may take {prompt + answer} more; raise cap_tokens, or ask for less"
                )
            if caps.cost is not None and cost > caps.cost:
                raise CapReachedError(
                    f"{who} was not asked: it has cost {self._spent.cost:.4g} of cap_cost = {caps.cost:g}, and this "
                    f"request may cost {caps.price(prompt, answer):.4g} more; raise cap_cost, or ask for less"
                )
            self._aside_prompt += prompt
            self._aside_answer += answer

    def _used(self) -> int:
        return self._spent.prompt_tokens + self._spent.answer_tokens
