"""Requests below ``/console``: who is signed in, which page answers, and what the browser is told to forbid.

Order: static files, sign-in, session, the form's own token and where it came from, the page. Every answer carries the
policy that nothing from elsewhere is loaded, framed or run. Must not know what a page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, urlsplit

from aiohttp import web

from bridge.admin.api import CLOSED, Api, body_within
from bridge.console import breaks, calls, cutover, doubt, overview, parity, trail, usage
from bridge.console.rendering import Rendering, Static
from bridge.console.sessions import COOKIE, PATH, Ends, Sessions
from bridge.console.throttle import Throttle
from bridge.console.visit import JOURNAL_DOWN, Handler, Page, Said, Visit
from bridge.core.model import Instant
from bridge.telemetry.log import get_logger

LARGEST_FORM = 1024 * 1024
MOST_FIELDS = 100

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: with that a browser says "Origin: null" of our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

PAGES: dict[tuple[str, str], Handler] = {
    name: handler
    for room in (overview, calls, doubt, cutover, parity, usage, breaks, trail)
    for name, handler in room.PAGES.items()
}

HOME = {"ramps": "cutover"}
"""Where decisions are made whose address names no page."""

log = get_logger("console")


class Console:
    """Answers what stands below ``/console``. ``key`` seals its sessions, and ``ends`` knows who signed out.

    ``now`` is this machine's moment, by which sessions end, and ``zuora_now`` Zuora's, by which calls came in.
    """

    def __init__(
        self,
        api: Api,
        key: bytes,
        ends: Ends,
        now: Callable[[], Instant],
        zuora_now: Callable[[], Instant] | None = None,
    ) -> None:
        self._api = api
        self._now = now
        self._zuora_now = zuora_now or now
        self._sessions = Sessions(key, now, ends)
        self._throttle = Throttle(now)
        self._static = Static()
        self._rendering = Rendering(self._static)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        if not self._api.open:
            return _text(404, f"{CLOSED} So there is no console.")
        answer = await self._answer(request)
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        return answer

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        path = request.path.removeprefix(PATH).removeprefix("/")
        if request.path == PATH:
            return _to("")
        if path.startswith("static/"):
            return self._static.answer(request.method, path.removeprefix("static/"))
        if request.method not in ("GET", "HEAD", "POST"):
            return _text(405, "The console takes GET and POST.")
        form: Mapping[str, str] = {}
        if request.method == "POST":
            if not _from_here(request):
                return _text(403, "This form came from another site; nothing was changed.")
            taken = await _form(request)
            if taken is None:
                return _text(413, "This form is too large or none; nothing was changed.")
            form = taken
        session = self._sessions.open(request.cookies.get(COOKIE, ""))
        if session is not None and await self._sessions.ended(session):
            session = None
        person = self._sessions.person(session, self._api) if session is not None else None
        if path == "login":
            return self._login(request, form, signed_in=person is not None)
        if session is None or person is None:
            return self._stranger(request)
        if request.method == "POST" and not self._sessions.is_form_token(session, form.get("form", "")):
            return _text(403, "This form is not of this session; open the page again. Nothing was changed.")
        if (request.method, path) == ("POST", "logout"):
            await self._sessions.end(session)
            return _to("login", self._sessions.cookie(None, secure=session.secure))
        token = self._sessions.form_token(session)
        visit = Visit(self._api.ask, person, path, self._now(), self._zuora_now(), token, request.query, form)
        answer = await self._page(request, visit)
        # A page that refreshes itself must not keep a session alive that nobody sits before.
        if "live" not in request.query and (touched := self._sessions.touched(session)) is not None:
            answer.headers.add("Set-Cookie", self._sessions.cookie(touched))
        return answer

    # ------------------------------------------------------------ signing in

    def _login(self, request: web.BaseRequest, form: Mapping[str, str], *, signed_in: bool) -> web.Response:
        onward = _onward(form.get("next", request.query.get("next", "")))
        if request.method != "POST":
            return _to(onward) if signed_in else self._door(200, onward)
        address = request.remote or ""
        if wait := self._throttle.wait_seconds(address):
            answer = self._door(429, onward, f"Too many wrong tokens from here. Try again in {wait} seconds.")
            answer.headers["Retry-After"] = str(wait)
            return answer
        token = form.get("token", "").strip()
        person = self._api.person(token)
        if person is None:
            self._throttle.failed(address)
            log.warning("console sign-in refused", address=address)
            return self._door(403, onward, "That is no token of this bridge.")
        session = self._sessions.begin(token, secure=request.headers.get("Origin", "").startswith("https://"))
        log.info("console sign-in", person=person.name, role=person.role.name.lower(), address=address)
        return _to(onward, self._sessions.cookie(session))

    def _door(self, status: int, onward: str, error: str = "") -> web.Response:
        return self._rendering.bare("login.html.j2", status, {"onward": onward, "error": error})

    def _stranger(self, request: web.BaseRequest) -> web.Response:
        if "live" in request.query:
            return _text(401, "The session is over.")
        if request.method == "POST":
            return self._door(401, "", "The session is over; nothing was changed. Sign in and do it again.")
        asked = request.rel_url
        onward = _onward(
            asked.raw_path.removeprefix(f"{PATH}/") + (f"?{asked.raw_query_string}" if asked.query else "")
        )
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            # A link in a mail or a chat: the browser kept a strict cookie back. Asked by a page of ours it sends it.
            return self._rendering.bare("onward.html.j2", 200, {"onward": onward})
        return _to(f"login?next={quote(onward, safe='')}" if onward else "login")

    # ------------------------------------------------------------ pages

    async def _page(self, request: web.BaseRequest, visit: Visit) -> web.Response:
        method = "GET" if request.method == "HEAD" else request.method
        folder, slash, _ = visit.path.rpartition("/")
        names = ((method, visit.path), (method, folder + slash or visit.path))
        handler = next((PAGES[name] for name in names if name in PAGES), None)
        if handler is None and ("POST", visit.path) in PAGES:
            # A review that is loaded again by its address.
            return _to(HOME.get(folder, folder))
        if handler is None:
            return await self._rendering.page(visit, _trouble(404, "There is no such page."))
        try:
            made = await handler(visit)
            return made if isinstance(made, web.Response) else await self._rendering.page(visit, made)
        except Said as said:
            shown = {"said": said, "down": said.status == JOURNAL_DOWN}
            return await self._rendering.page(visit, Page("trouble.html.j2", shown, said.status))
        except Exception:
            log.exception("console page failed", path=visit.path)
            return _text(500, "The console failed to show this page; the log says why.")


def _trouble(status: int, sentence: str) -> Page:
    return Page("trouble.html.j2", {"said": Said(status, {"error": sentence}), "down": False}, status)


def _onward(path: str) -> str:
    """A page of the console and nothing else: no other site, no sign-in again."""
    return path if path.isprintable() and "\\" not in path and not path.startswith(("/", "login", "logout")) else ""


def _from_here(request: web.BaseRequest) -> bool:
    """Whether a form came from a page of ours, by what the browser says of itself; other programs say nothing."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("Host", "")


async def _form(request: web.BaseRequest) -> dict[str, str] | None:
    if request.content_type != "application/x-www-form-urlencoded":
        return None
    raw = await body_within(request, LARGEST_FORM)
    if raw is None:
        return None
    try:
        fields = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return None
    # Browsers write line ends as CR LF (HTML standard, form submission).
    return {name: value.replace("\r\n", "\n") for name, value in fields}


def _to(path: str, cookie: str | None = None) -> web.Response:
    headers = {"Location": f"{PATH}/{path}"} | ({"Set-Cookie": cookie} if cookie is not None else {})
    return web.Response(status=303, headers=headers)


def _text(status: int, words: str) -> web.Response:
    return web.Response(status=status, text=words)
