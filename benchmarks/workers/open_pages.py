"""Open pages without a browser: what a browser asks of the service, and none of the work of drawing it.

python -m benchmarks.workers.open_pages URL PAGES: opens them one after the other, writes a line when all are there, keeps them open
(pings answered, messages read) until its standard input ends.
"""

from __future__ import annotations

import asyncio
import http.client
import re
import sys
import uuid
from typing import Any
from urllib.parse import urlencode, urlsplit

from websockets.asyncio.client import connect

CLIENT = re.compile(r"'client_id': '([^']+)'")
PING, PONG, ENTER = "2", "3", "40"  # engine.io 4 over a socket; ENTER joins socket.io


async def main() -> None:
    url, pages = sys.argv[1], int(sys.argv[2])
    kept = [asyncio.create_task(held(*await opened(url))) for _ in range(pages)]
    print("open", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    for one in kept:
        one.cancel()


async def opened(url: str) -> tuple[str, Any]:
    """One page: its document, then its socket, until the first messages are there."""
    place = urlsplit(url)
    asked = http.client.HTTPConnection(place.hostname or "", place.port)
    asked.request("GET", "/")
    answer = asked.getresponse()
    found, cookie = CLIENT.search(answer.read().decode()), answer.headers["set-cookie"].split(";")[0]
    asked.close()
    assert found is not None
    own = {"tab_id": str(uuid.uuid4()), "document_id": str(uuid.uuid4()), "next_message_id": "0"}
    query = {"client_id": found[1], **own, "implicit_handshake": "true", "EIO": "4", "transport": "websocket"}
    address = f"{url.replace('http', 'ws', 1)}/_nicegui_ws/socket.io/?{urlencode(query)}"
    socket = await connect(address, origin=url, additional_headers={"cookie": cookie}, max_size=None)  # type: ignore[arg-type]
    await socket.recv()
    await socket.send(ENTER)
    joined = str(await socket.recv())
    assert joined.startswith(ENTER), joined
    return cookie, socket


async def held(cookie: str, socket: Any) -> None:
    """Read what comes, and answer pings."""
    async for message in socket:
        if message == PING:
            await socket.send(PONG)


if __name__ == "__main__":
    asyncio.run(main())
