"""A real HTTP server on this machine that answers as it is told to, one reply a request."""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Reply:
    """What one request gets: bytes or JSON, after `delay` seconds; `midway` is called when half of it is sent."""

    body: object = b""
    status: int = 200
    headers: dict = field(default_factory=dict)
    delay: float = 0.0
    midway: Callable[[], None] = lambda: None

    def content(self):
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def said(text, reason="stop", usage=(7, 3), **reply):
    """A chat completion that says `text`."""
    body = {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": reason}]}
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1]}
    return Reply(body, **reply)


class Server:
    """Answers with `replies` in order, the last one again and again; or with what `answer(body)` returns."""

    def __init__(self, replies=(), answer=None):
        self.replies = list(replies)
        self.answer = answer
        self.asked = []
        self._leave = threading.Event()

    def __enter__(self):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append((self.path, dict(self.headers), body))
                outer._send(self, outer._reply(body))

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = False
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"
        return self

    def __exit__(self, *_):
        self._leave.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _reply(self, body):
        if self.answer:
            return self.answer(body)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    def _send(self, handler, reply):
        self._leave.wait(reply.delay)
        content = reply.content()
        try:
            handler.send_response(reply.status)
            usual = {"Content-Type": "application/json", "Content-Length": str(len(content))}
            for name, value in {**usual, **reply.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            half = len(content) // 2
            handler.wfile.write(content[:half])
            reply.midway()
            handler.wfile.write(content[half:])
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client did not wait, as it should


class FakeTime:
    """A clock that stands still but for sleeping."""

    def __init__(self):
        self.time = 100.0
        self.slept = []

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.time += seconds


def wait_until(condition, seconds=10.0):
    """Wait for something that another thread does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)
