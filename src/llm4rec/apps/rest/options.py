"""Options of a service: where it listens and what it lets in. Does nothing itself."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import Field, PositiveFloat, PositiveInt

from llm4rec.core import Config

Port = Annotated[int, Field(ge=0, le=65_535)]


class ServeSettings(Config):
    """Where a service listens, how many answer, and what one caller may ask for.

    rate          requests a second that one key (or one address without a key) may make for long; 0: any
    burst         requests that it may make at once after a rest
    body_bytes    largest body of a request
    threads       answers that are computed at the same time in one worker
    own_hosts    names under which the service is called while no key guards it; others are refused
    reports      folder whose evaluation and trade-off reports the page opens; empty: none
    pseudonym_key_env    name of the environment variable with the key under which the store keeps ids of people
    page         whether the web page is served too; its sockets need one worker
    """

    host: str = "127.0.0.1"
    port: Port = 8000
    workers: PositiveInt = 1
    rate: float = Field(0.0, ge=0.0)
    burst: PositiveInt = 200
    body_bytes: PositiveInt = 4_000_000
    threads: PositiveInt = 16
    shutdown_seconds: PositiveFloat = 10.0
    own_hosts: tuple[str, ...] = ("localhost", "127.0.0.1", "[::1]")
    page: bool = True
    reports: str = ""
    pseudonym_key_env: str = ""

    @property
    def with_page(self) -> bool:
        """Whether there is a page: a socket has to reach the worker that made its page, so there is one worker then."""
        return self.page and self.workers == 1

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False
