"""The console, looked at and typed into: every page there is, every call's evidence, and forms full of decoys.

What somebody types stands again in the field it was typed into, and nowhere else (``ECHOES``). Must not use a browser.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urlencode

from decoy_scene import TOKEN, Scene
from harness import Answer, Headers, post

from bridge.console.serving import PAGES

FORM = ("Content-Type", "application/x-www-form-urlencoded")
FIELDS = ("account", "document", "amount", "reference", "zuora_id", "caller")


class Person:
    """Somebody at the console. ``who`` are the headers of a signed-in browser, ``token`` that of its forms."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        url = f"{scene.world.bridges[0].admin_url}/console"
        came = post(f"{url}/login", urlencode({"token": TOKEN}).encode(), (FORM,))
        assert came.status == 303, came.body
        self.who: Headers = (("Cookie", came.header("Set-Cookie").partition(";")[0]),)
        found = re.search(rb'name="form" value="([^"]+)"', post(f"{url}/cutover", b"", self.who, method="GET").body)
        assert found is not None
        self.token = found[1].decode()

    def look(self, path: str, *, echo: str = "") -> Answer:
        """At a page."""
        return self._scene.ask(
            f"console {path}", f"/console/{path}", b"", self.who, method="GET", echo=echo, admin=True
        )

    def decide(self, path: str, **form: str) -> Answer:
        """By a form, first to see what it would do, then in earnest."""
        for step in ({}, {"step": "confirm"}):
            body = urlencode({"form": self.token, "by": "alice", **form, **step}).encode()
            answer = self._scene.ask(
                f"console {path}", f"/console/{path}", body, (*self.who, FORM), echo="typed", admin=True
            )
        return answer


def type_into_it(scene: Scene) -> None:
    """Searches, addresses and reasons that hold numbers and secrets; some of it is recorded."""
    person, decoys = Person(scene), scene.decoys
    for name in FIELDS:
        person.look(f"calls?{urlencode({name: decoys.card()})}", echo="typed")
        person.look(f"calls?{urlencode({name: decoys.word('password'), 'since': decoys.card()})}", echo="typed")
    everything = {name: decoys.iban() for name in FIELDS} | {"until": decoys.card(), "before": decoys.card()}
    person.look(f"calls?{urlencode(everything)}", echo="typed")
    for path in ("calls/{}", "export/{}", "parity/{}", "{}", "cutover/judgements?rule={}", "usage?quiet_days={}"):
        person.look(path.format(decoys.card()), echo="typed")
    (one, *_) = json.loads(_told(scene, "calls?state=IN_DOUBT"))["calls"]
    for path, form in (
        ("cutover/stop", {"seen": decoys.card()}),
        ("cutover/rules", {"toml": f"[[rule]]\nname = '{decoys.card()}'\nroute = '{decoys.card()}'"}),
        ("cutover/rules", {"toml": f"{decoys.card()} = '{decoys.word('secret')}"}),
        ("ramps/hold", {"rule": decoys.card()}),
        ("doubt/resolve", {"intent": decoys.card(), "state": "APPLIED", "zuoraId": decoys.card()}),
        ("doubt/resolve", {"intent": one["intent"], "state": decoys.card()}),
        ("doubt/resolve", {"intent": one["intent"], "state": "REFUSED"}),
        ("breaks/accept", {"break": decoys.card()}),
        ("breaks/assign", {"break": decoys.card(), "to": decoys.card()}),
    ):
        reason = f"{decoys.card()} password={decoys.word('password')} of {decoys.iban()}"
        person.decide(path, reason=reason, by=f"alice {decoys.card()}", **form)
    body = urlencode({"token": decoys.word("token"), "next": f"calls?account={decoys.card()}"}).encode()
    scene.ask("console sign-in", "/console/login", body, (FORM,), echo="typed", admin=True)
    path = f"/console/calls?account={decoys.card()}"
    who = (("Cookie", f"bridge-console={decoys.word('session')}"),)
    scene.ask("console unknown", path, b"", who, method="GET", echo="typed", admin=True)


def _told(scene: Scene, path: str) -> bytes:
    url = f"{scene.world.bridges[0].admin_url}/admin/api/{path}"
    return post(url, b"", (("Authorization", f"Bearer {TOKEN}"),), method="GET").body


def seen(scene: Scene) -> bytes:
    """Every page, and those of each call that has most to tell."""
    person = Person(scene)
    calls = json.loads(_told(scene, "calls?limit=500"))["calls"]
    calls.sort(key=lambda one: one["state"] in ("APPLIED", "REFUSED") and not one["told"])
    some = [one["intent"] for one in (*calls[:25], *calls[-15:])]
    reports = [one["name"] for one in json.loads(_told(scene, "reports"))["reports"]]
    assert reports
    names = {"calls/": some, "export/": some, "parity/": reports, "cutover/difference": ["?to=1"]}
    pages = []
    for method, path in PAGES:
        for name in names.get(path, [""]) if method == "GET" else ():
            answer = person.look(f"{path}{name}")
            assert answer.status == 200, (path, name, answer.body)
            pages.append(answer.body)
    pages.append(person.look("calls?limit=200").body)
    return b"\n".join(pages)
