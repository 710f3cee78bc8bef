"""What tests ask of an open page from outside: that something comes true, that the socket is open, what axe-core finds.

The browser's own polling evaluates strings, which the page's policy forbids.
"""

import time

STILL = """async () => {
  for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  const ends = (one) => one.effect.getComputedTiming().endTime < Infinity;
  await Promise.allSettled(document.getAnimations().filter(ends).map((one) => one.finished));
}"""
"""What fades in or changes its colours has come to rest."""


def within(true, seconds=20.0):
    """Ask until it is true: within(lambda: page.evaluate("window.did_handshake"))."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds:g} seconds"
        time.sleep(0.05)


def connected(page):
    """Wait until the page's socket is open, so that what is clicked next is heard."""
    within(lambda: page.evaluate("window.did_handshake"))


def serious(page, axe):
    """What axe-core finds that is serious or worse: rule, element, and what is wrong."""
    page.evaluate(STILL)
    page.evaluate(axe)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (one["id"], one["nodes"][0]["html"][:200], one["nodes"][0].get("failureSummary", "")[:300])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]
