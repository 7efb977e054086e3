"""What a bridge does between SIGTERM and its end, beside settling what it began (story 1043)."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import World, payment, post, until


def test_a_stopping_bridge_refuses_at_once_whatever_it_looks_for(tmp_path: Path) -> None:
    """What the recoverer waits for may take half a minute; a new money call must not be begun meanwhile."""
    with World(tmp_path, bridges=0) as world:
        # The recoverer asks for a token first of all, to learn Zuora's time.
        world.fault("delay", method="POST", path="/oauth/token", seconds=20.0)
        bridge = world.serve()
        session = world.session
        until(lambda: any(one.line == "POST /oauth/token" for one in world.requests(0)))
        bridge.send_signal(signal.SIGTERM)
        until(lambda: world.create(payment(Amount="-1"), session=session).status == 500, 5.0)
        refused = world.create(payment(Amount="5"), session=session)
        assert refused.fault["code"] == "SERVER_UNAVAILABLE"
        assert world.payments() == []


def test_a_stopping_bridge_hands_on_the_answer_of_what_it_passed_on(tmp_path: Path) -> None:
    """A pass-through is not the bridge's to settle, but its caller waits for it."""
    with World(tmp_path, bridges=0) as world:
        world.fault("delay", operation="query", seconds=1.0)
        bridge = world.serve()
        message = world.message("<ns1:query><ns1:queryString>select Id from Payment</ns1:queryString></ns1:query>")
        mark = world.mark()
        with ThreadPoolExecutor(1) as threads:
            begun = threads.submit(post, world.endpoint("107.0"), message)
            until(lambda: world.requests(mark))
            bridge.send_signal(signal.SIGTERM)
            assert begun.result().status == 200
        assert bridge.wait(10) == 0
