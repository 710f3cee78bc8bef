"""Waiting from outside the page: the browser's own polling evaluates strings, which the page's policy forbids."""

import time


def within(true, seconds=20.0):
    """Ask until it is true: within(lambda: page.evaluate("window.did_handshake"))."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds:g} seconds"
        time.sleep(0.05)


def connected(page):
    """Wait until the page's socket is open, so that what is clicked next is heard."""
    within(lambda: page.evaluate("window.did_handshake"))
