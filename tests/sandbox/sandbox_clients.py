"""The smallest clients of the sandbox: raw HTTP, a SOAP envelope, JSON with exact numbers."""

import http.client
import json
import urllib.parse
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lxml import etree

API = "{http://api.zuora.com/}"
OBJECT = "{http://object.api.zuora.com/}"
FAULT = "{http://fault.api.zuora.com/}"
SOAP_TYPE = {"Content-Type": "text/xml"}


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON, numbers exact."""
        return json.loads(self.body, parse_float=Decimal)

    @property
    def xml(self) -> etree._Element:
        """The body as XML."""
        return etree.fromstring(self.body)

    @property
    def rows(self) -> list[str]:
        """Ids of successful SOAP rows, codes of the others."""
        rows = []
        for result in self.xml.iter(f"{API}result"):
            names = (
                ("Id", "id") if (result.findtext(f"{API}Success") or result.findtext(f"{API}success")) == "true" else ()
            )
            found = next(
                (result.findtext(f"{API}{name}") for name in names if result.find(f"{API}{name}") is not None), None
            )
            rows.append(found or next(el.text or "" for el in result.iter(f"{API}Code")))
        return rows

    @property
    def messages(self) -> list[str]:
        """Texts of failed SOAP rows."""
        return [element.text or "" for element in self.xml.iter(f"{API}Message")]

    @property
    def fault(self) -> tuple[str, str, str]:
        """faultcode, typed detail element and text of a SOAP 1.1 fault."""
        root = self.xml
        detail = next((el for el in root.iter() if str(el.tag).startswith(FAULT)), None)
        name = str(detail.tag).removeprefix(FAULT) if detail is not None else ""
        code, text = next(root.iter("faultcode")).text, next(root.iter("faultstring")).text
        return code or "", name, text or ""

    @property
    def category(self) -> int:
        """Category of the first REST reason."""
        return int(self.json["reasons"][0]["code"]) % 100

    @property
    def records(self) -> list[dict[str, str]]:
        """Query rows as field to text."""
        return [
            {str(field.tag).removeprefix(OBJECT): field.text or "" for field in record}
            for record in self.xml.iter(f"{API}records")
            if len(record)
        ]


class Client:
    """Talks to one sandbox."""

    def __init__(self, url: str, names: dict[str, str]) -> None:
        self.url = url
        self.names = names
        self.session = ""
        self.oauth = ("demo-client", "demo-secret")
        self._token = ""

    def http(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Reply:
        """Send one request on a connection of its own."""
        target = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=20)
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def control(self, method: str, path: str, given: object = None) -> Any:
        """Use the control face."""
        reply = self.http(method, f"/sandbox/{path}", json.dumps(given).encode() if given is not None else b"")
        assert reply.status == 200, reply.body
        return reply.json

    def ledger(self) -> Any:
        """Read the books."""
        return self.control("GET", "ledger")

    def find(self, kind: str, name: str) -> Any:
        """Read one object of the books by fixture name, id or number."""
        books = self.ledger()
        return next(one for one in books[kind] if name in (one["name"], one["id"], one["number"]))

    def writes(self) -> list[Any]:
        """Recorded requests that change state."""
        return [one for one in self.control("GET", "requests") if one["stateChanging"]]

    def login(self, user: str = "erp@example.com", password: str = "demo", version: str = "107.0") -> Reply:
        """Log in to SOAP."""
        body = f'<a:login xmlns:a="http://api.zuora.com/"><a:username>{user}</a:username><a:password>{password}</a:password></a:login>'
        reply = self.envelope(body, version=version, header="")
        found = reply.xml.find(f".//{API}Session")
        self.session = found.text or "" if found is not None else ""
        return reply

    def envelope(self, body: str, *, version: str = "107.0", header: str | None = None, more: str = "") -> Reply:
        """Post a SOAP 1.1 envelope."""
        if header is None:
            if not self.session:
                self.login()
            header = f'<a:SessionHeader xmlns:a="http://api.zuora.com/"><a:session>{self.session}</a:session></a:SessionHeader>'
        text = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
            f"<s:Header>{header}{more}</s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
        return self.http("POST", f"/apps/services/a/{version}", text.encode(), SOAP_TYPE)

    def write(
        self, operation: str, kind: str, *objects: dict[str, str], version: str = "107.0", more: str = ""
    ) -> Reply:
        """Create or update objects; a field's value may be markup."""
        return self.envelope(written(operation, *(zobject(kind, one) for one in objects)), version=version, more=more)

    def delete(self, kind: str, *ids: str, version: str = "107.0") -> Reply:
        """Delete objects by SOAP."""
        inner = f"<a:type>{kind}</a:type>" + "".join(f"<a:ids>{one}</a:ids>" for one in ids)
        return self.envelope(f'<a:delete xmlns:a="http://api.zuora.com/">{inner}</a:delete>', version=version)

    def query(self, text: str, *, version: str = "107.0", batch: int = 0) -> Reply:
        """Run a ZOQL query."""
        text = text.replace("&", "&amp;").replace("<", "&lt;")
        return self.envelope(
            f'<a:query xmlns:a="http://api.zuora.com/"><a:queryString>{text}</a:queryString></a:query>',
            version=version,
            more=batch_size(batch),
        )

    def query_more(self, locator: str, *, batch: int = 0) -> Reply:
        """Ask for a further page."""
        return self.envelope(
            f'<a:queryMore xmlns:a="http://api.zuora.com/"><a:queryLocator>{locator}</a:queryLocator></a:queryMore>',
            more=batch_size(batch),
        )

    def token(self) -> str:
        """Get an OAuth token once."""
        if not self._token:
            fields = {"client_id": self.oauth[0], "client_secret": self.oauth[1], "grant_type": "client_credentials"}
            form = urllib.parse.urlencode(fields).encode()
            reply = self.http("POST", "/oauth/token", form, {"Content-Type": "application/x-www-form-urlencoded"})
            self._token = reply.json["access_token"]
        return self._token

    def rest(self, method: str, path: str, given: object = None, **headers: str) -> Reply:
        """Use a REST operation; header names with underscores; `raw` text goes as it is."""
        body = given.encode() if isinstance(given, str) else json.dumps(given).encode() if given is not None else b""
        sent = {"Authorization": f"Bearer {self.token()}", "Zuora-Version": "2025-08-12"}
        if body:
            sent["Content-Type"] = "application/json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http(method, path, body, {name: value for name, value in sent.items() if value})

    def other(self, user: str = "", oauth: tuple[str, str] = ("demo-client", "demo-secret")) -> "Client":
        """Another client of the same tenant."""
        made = Client(self.url, self.names)
        made.oauth = oauth
        if user:
            made.login(user)
        return made

    def query_objects(self, kind: str, *filters: str, **more: str) -> Reply:
        """List by Object Query."""
        pairs = [("filter[]", one) for one in filters] + list(more.items())
        return self.rest("GET", f"/object-query/{kind}?{urllib.parse.urlencode(pairs)}")

    def soap_payment(self, **fields: str) -> dict[str, str]:
        """A valid external payment of account A; `None` is not sent."""
        names = self.names
        usual = {
            "AccountId": names["A"],
            "Amount": "30",
            "EffectiveDate": "2026-02-20",
            "PaymentMethodId": names["PMx"],
            "Status": "Processed",
            "Type": "External",
        }
        return {name: value for name, value in {**usual, **fields}.items() if value}

    def rest_payment(self, amount: object = 30, **fields: object) -> dict[str, object]:
        """A valid external payment of account A."""
        usual: dict[str, object] = {
            "amount": amount,
            "currency": "USD",
            "type": "External",
            "accountId": self.names["A"],
            "paymentMethodId": self.names["PMx"],
        }
        return {name: value for name, value in {**usual, **fields}.items() if value is not None}


def written(operation: str, *objects: str) -> str:
    """A create or update body around objects."""
    return (
        f'<a:{operation} xmlns:a="http://api.zuora.com/" xmlns:o="http://object.api.zuora.com/"'
        f' xmlns:i="http://www.w3.org/2001/XMLSchema-instance">{"".join(objects)}</a:{operation}>'
    )


def zobject(kind: str, fields: dict[str, str]) -> str:
    """One object of a create or update."""
    inner = "".join(f"<o:{name}>{value}</o:{name}>" for name, value in fields.items())
    return f'<a:zObjects i:type="o:{kind}">{inner}</a:zObjects>'


def batch_size(size: int) -> str:
    """A QueryOptions header, or nothing."""
    if not size:
        return ""
    return f'<a:QueryOptions xmlns:a="http://api.zuora.com/"><a:batchSize>{size}</a:batchSize></a:QueryOptions>'
