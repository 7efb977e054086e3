"""Somebody who visits the console by plain HTTP, as a browser without scripts would. Must not know a page."""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from lxml import html


@dataclass
class Seen:
    """An answer."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes

    @property
    def text(self) -> str:
        """The body, decoded."""
        return self.body.decode()

    @property
    def words(self) -> str:
        """What a reader sees, in one line."""
        return " ".join(html.fromstring(self.body).text_content().split())


@dataclass
class Visitor:
    """Keeps its cookie and, as a browser does, says where its forms come from."""

    url: str
    cookie: str = ""
    says: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Seen:
        """One request."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in {**self.says, **headers}.items()}
        if self.cookie:
            sent.setdefault("Cookie", f"bridge-console={self.cookie}")
        try:
            connection.request(method, f"/console{path}", body or None, sent)
            came = connection.getresponse()
            seen = Seen(came.status, dict(came.getheaders()), came.headers.get_all("Set-Cookie") or [], came.read())
        finally:
            connection.close()
        for each in seen.cookies:
            self.cookie = each.partition(";")[0].partition("=")[2]
        return seen

    def get(self, path: str, **headers: str) -> Seen:
        """Look at a page."""
        return self.ask("GET", path, **headers)

    def post(self, path: str, **form: str) -> Seen:
        """Send a form of this session."""
        return self.send(path, {"form": self.form_token} | form)

    def send(self, path: str, form: dict[str, str], **headers: str) -> Seen:
        """Send a form as it is."""
        kind = {
            "Content_Type": "application/x-www-form-urlencoded",
            "Origin": self.url,
            "Sec_Fetch_Site": "same-origin",
        }
        return self.ask("POST", path, urlencode(form).encode(), **(kind | headers))

    @property
    def form_token(self) -> str:
        """What the forms of this session carry."""
        found = re.search(r'name="form" value="([^"]+)"', self.get("/cutover").text)
        return found[1] if found else ""

    def sign_in(self, token: str) -> Visitor:
        """With a token."""
        seen = self.send("/login", {"token": token})
        assert (seen.status, seen.headers["Location"]) == (303, "/console/"), seen.text
        return self
