"""SOAP sessions and OAuth tokens of all tenants on these hosts.

Zuora's hosts are shared by its customers, so a session found here proves a user, not a particular tenant. Must not
store a secret longer than its user does, and never shows one.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.sandbox.ledger import Tenant, User


@dataclass(frozen=True)
class Grant:
    """Who acts, for which tenant, until when."""

    tenant: Tenant
    user: User
    until: datetime

    def within(self, entity: str) -> "Grant | None":
        """Return the same grant on the books of an entity, by id or name; nothing where there is none such."""
        found = self.tenant.entity(entity) if entity else self.tenant
        return replace(self, tenant=found) if found is not None else None


class Sessions:
    """Everything that was granted and has not been forgotten."""

    def __init__(self, tenants: Mapping[str, Tenant]) -> None:
        self._tenants = tenants
        self._sessions: dict[str, Grant] = {}
        self._tokens: dict[str, Grant] = {}

    def check(self, name: str, password: str) -> Grant | None:
        """Return a grant for a user's name and password, or None when they do not match."""
        for tenant in self._tenants.values():
            user = tenant.users.get(name)
            if user is not None and hmac.compare_digest(user.secret.encode(), password.encode()):
                until = tenant.clock.now() + timedelta(seconds=tenant.settings.session_seconds)
                return Grant(tenant, user, until)
        return None

    def open(self, grant: Grant) -> str:
        """Return a new session that stands for a grant: SOAP's SessionHeader and REST's ZSession alike."""
        session = base64.urlsafe_b64encode(secrets.token_bytes(48)).decode()
        self._sessions[session] = grant
        return session

    def token(self, client_id: str, client_secret: str) -> tuple[str, Grant] | None:
        """Return a bearer token for an OAuth client, or None."""
        for tenant in self._tenants.values():
            client = tenant.clients.get(client_id)
            if client is not None and hmac.compare_digest(client.secret.encode(), client_secret.encode()):
                token = secrets.token_hex(16)
                until = tenant.clock.now() + timedelta(seconds=tenant.settings.token_seconds)
                self._tokens[token] = grant = Grant(tenant, client, until)
                return token, grant
        return None

    def by_session(self, session: str | None) -> Grant | None:
        """Return whom a session belongs to, unless it expired."""
        return self._live(self._sessions, session or "")

    def by_bearer(self, authorization: str) -> Grant | None:
        """Return whom an Authorization header belongs to, unless it expired."""
        scheme, _, token = authorization.partition(" ")
        return self._live(self._tokens, token.strip()) if scheme.lower() == "bearer" else None

    def expire_all(self) -> None:
        """Forget every session and token, as a restart of Zuora would."""
        self._sessions.clear()
        self._tokens.clear()

    @staticmethod
    def _live(store: dict[str, Grant], key: str) -> Grant | None:
        grant = store.get(key)
        if grant is not None and grant.tenant.clock.now() >= grant.until:
            del store[key]
            return None
        return grant


def fingerprint(secret: str) -> str:
    """Return a short name for a secret that may be shown in a request log."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]
