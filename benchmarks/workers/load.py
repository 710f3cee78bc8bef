"""Load on a service, from a process of its own: the same requests over kept connections, answered one after the other.

python -m benchmarks.workers.load URL PATH BODIES.json SECONDS CONNECTIONS [RATE]: JSON on standard output. With a RATE, requests
begin at even moments whatever became of those before, and their time counts from that moment.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np


async def main() -> None:
    url, path, file, seconds, connections, *rate = sys.argv[1:]
    place = urlsplit(url)
    bodies = [json.dumps(one).encode() for one in json.loads(Path(file).read_text())]
    requests = [
        f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
        for body in bodies
    ]
    plan = Plan(requests, float(seconds), float(rate[0]) if rate else 0.0)
    host, port = place.hostname or "127.0.0.1", place.port or 80
    await asyncio.gather(*(plan.caller(host, port) for _ in range(int(connections))))
    print(json.dumps(plan.told()))


class Plan:
    """What is sent when, and what came back."""

    def __init__(self, requests: list[bytes], seconds: float, rate: float) -> None:
        self.requests, self.seconds, self.rate = requests, seconds, rate
        self.begun, self.sent, self.times = time.perf_counter(), 0, list[float]()
        self.failed = 0

    async def caller(self, host: str, port: int) -> None:
        """One connection, until the time is over."""
        reader, writer = await asyncio.open_connection(host, port)
        while True:
            number = self.sent
            self.sent += 1
            began = self.begun + number / self.rate if self.rate else time.perf_counter()
            if began - self.begun > self.seconds:
                break
            await asyncio.sleep(max(0.0, began - time.perf_counter()))
            if time.perf_counter() - self.begun > 2 * self.seconds:
                break
            writer.write(self.requests[number % len(self.requests)])
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            self.failed += not head.startswith(b"HTTP/1.1 200")
            self.times.append(time.perf_counter() - began)
        writer.close()

    def told(self) -> dict[str, float]:
        """Requests a second, and milliseconds of the middle and the slowest hundredth."""
        middle, slow = np.percentile(self.times, [50, 99]) * 1_000
        took = time.perf_counter() - self.begun
        return {
            "requests": len(self.times),
            "failed": self.failed,
            "per_s": round(len(self.times) / took, 1),
            "p50_ms": round(float(middle), 2),
            "p99_ms": round(float(slow), 2),
        }


if __name__ == "__main__":
    asyncio.run(main())
