"""The bridge's configuration, read once: ``BRIDGE_...`` variables, or the same names in one TOML file.

The TOML file is named by ``BRIDGE_CONFIG``; variables win over it; secrets may also come from ``..._FILE``. Everything
is checked here, so that a bad value is one sentence at start and not a surprise in the middle of a payment. Must not
connect to anything.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from bridge.contract.versions import UNDOCUMENTED
from bridge.core.model import DIRECTIVES, Caller, Op, Route, Settlement, Tenant, Version
from bridge.settings_names import misspelt
from bridge.settings_parts import Admin, CapturePart, JournalPart, LogPart, ParityPart, Part, ShadowPart, with_files
from bridge.settings_terms import address, custom, networks

if TYPE_CHECKING:
    from bridge.journal.crypto import Keys

REMEMBERED_DAYS = 400
"""For how long a message id or a unique field's value is one act: longer than any ERP keeps a message to send again."""

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")

_NEVER_UNIQUE = frozenset(
    {"AccountId", "Amount", "AppliedInvoiceAmount", "EffectiveDate", "Gateway", "Id", "MethodType", "PaymentMethodId"}
    | {"RefundDate", "Status", "Type"}
)
"""Fields that many payments share, or that Zuora alone gives."""


class ConfigurationError(Exception):
    """The configuration is at fault; nothing was started and nothing moved. The text says which setting to mend."""


def _origin(text: object) -> object:
    if not isinstance(text, str):
        return text
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("must be an origin such as https://rest.zuora.com")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


Origin = Annotated[str, BeforeValidator(_origin)]


class Zuora(Part):
    """The tenant behind the bridge. ``soap_url`` may carry /apps/services/a/N.N, whose version is ignored."""

    soap_url: Origin | None = None
    rest_url: Origin | None = None
    soap_hosts: str = ""
    wsdl: Path | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    rest_version: str = "2025-08-12"
    tenant_id: str | None = None
    entities: Mapping[str, str] = Field(default_factory=dict)
    settlement: Settlement = Settlement.ON
    item_settlement: bool = True
    enhanced_write_off: bool = True
    time_zone: str = "America/Los_Angeles"
    old_dates: Literal["zone", "literal", "pacific"] = "zone"
    directives: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    visibility_seconds: int = Field(default=60, ge=0)
    concurrent: int = Field(default=40, ge=1, le=1000)
    clock: Literal["auto", "real", "simulated"] = "auto"
    settlement_rows: bool = False
    second_reference: str = "refuse"
    covering_memo: Literal["oldest", "refuse"] = "oldest"
    error_codes: Mapping[str, str] = Field(default_factory=dict)

    @field_validator("soap_url")
    @classmethod
    def _only_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.path and not parts.path.startswith("/apps/services/a/"):
            raise ValueError("must be an origin, or an origin and /apps/services/a/N.N")
        return f"{parts.scheme}://{parts.netloc}"

    @field_validator("rest_url")
    @classmethod
    def _without_path(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).path:
            raise ValueError("must be an origin without /v1")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"there is no time zone {value!r}") from error
        return value

    @field_validator("directives")
    @classmethod
    def _known_directives(cls, value: Mapping[str, Mapping[str, str]]) -> Mapping[str, Mapping[str, str]]:
        for kind, fields in value.items():
            for name, meaning in fields.items():
                if meaning not in DIRECTIVES.get(kind, ()):
                    listed = ", ".join(f"{each} {sorted(meanings)}" for each, meanings in DIRECTIVES.items())
                    raise ValueError(f"{kind[:60]}.{name[:60]} cannot mean {meaning[:60]!r}; possible are {listed}")
                if not name.endswith(("__c", "__NS")):
                    raise ValueError(f"{name[:60]!r} is no custom field (...__c or ...__NS)")
        return value

    @field_validator("second_reference")
    @classmethod
    def _place(cls, value: str) -> str:
        if value not in ("refuse", "drop") and not custom(value):
            raise ValueError("must be refuse, drop or a custom field (...__c or ...__NS)")
        return value

    @field_validator("error_codes")
    @classmethod
    def _codes(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for code, since in value.items():
            if code not in UNDOCUMENTED:
                raise ValueError(f"{code[:60]!r} is none of {', '.join(sorted(UNDOCUMENTED))}")
            if since != "never":
                try:
                    Version.parse(since)
                except ValueError:
                    raise ValueError(
                        f"{code} is told since {since[:60]!r}, which is no WSDL version or never"
                    ) from None
        return value

    @property
    def codes_since(self) -> dict[str, Version | None]:
        """Since which version callers are told an error code that Zuora does not document; None: never."""
        return {code: None if since == "never" else Version.parse(since) for code, since in self.error_codes.items()}

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts whose ServerUrl is followed."""
        listed = {host.strip().lower() for host in self.soap_hosts.split(",") if host.strip()}
        own = urlsplit(self.soap_url or "").netloc.lower()
        return frozenset(listed or ({own} if own else set()))


class CallerPart(Part):
    """One caller: which users it is and what it may cause under the bridge's own credential.

    ``usernames`` are those of SOAP logins and the apiAccessKeyIds of JSON callers; ``json`` stands for all JSON callers
    that come with a bearer or a session, which name no user. JSON callers need no ``allow``. ``message_ids`` and
    ``unique_field`` say what identifies an act of this caller: deploy/repeats.md says when to set them.
    """

    usernames: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    message_ids: tuple[Literal["Idempotency-Key", "wsa:MessageID", "sap:GUID"], ...] = ()
    unique_field: str | None = None
    twins: Literal["fault", "join", "allow"] = "fault"
    credit_memo_as: Literal["CreditMemo", "CreditBalance"] = "CreditMemo"
    user_in: str = ""
    in_doubt: Literal["auto", "row", "fault", "504"] = "auto"
    wait_seconds: int = Field(default=50, ge=1, le=600)

    @field_validator("user_in")
    @classmethod
    def _field(cls, value: str) -> str:
        if value not in ("", "Comment") and not custom(value):
            raise ValueError("must be Comment or a custom field (...__c or ...__NS)")
        return value

    @field_validator("unique_field")
    @classmethod
    def _one_field(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _FIELD.fullmatch(value):
            raise ValueError(f"{value[:60]!r} is no field's name such as ReferenceId or ErpKey__c")
        if value in _NEVER_UNIQUE:
            raise ValueError(f"{value} cannot be unique per payment; name a field such as ReferenceId or ErpKey__c")
        return value

    @model_validator(mode="after")
    def _one_key(self) -> CallerPart:
        if self.message_ids and self.unique_field is not None:
            raise ValueError("has both message_ids and unique_field, which can contradict each other; set one of them")
        return self


class Settings(BaseSettings):
    """All settings. The defaults are the public contract's."""

    model_config = SettingsConfigDict(
        env_prefix="BRIDGE_", env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    listen: str = "127.0.0.1:8080"
    public_url: Origin | None = None
    trusted_proxies: str = ""
    database_url: str = "sqlite:///bridge.db"
    database_url_file: None = None
    """Only a name that variables and the file may use; what it names is read into ``database_url``."""
    workers: int = Field(default=1, ge=1, le=64)
    refund_reference: bool = True
    routes: Mapping[str, Route] = Field(default_factory=dict)
    admin: Admin = Admin()
    zuora: Zuora = Field(default_factory=Zuora)
    journal: JournalPart = JournalPart()
    capture: CapturePart = CapturePart()
    shadow: ShadowPart = ShadowPart()
    log: LogPart = LogPart()
    parity: ParityPart = ParityPart()
    callers: Mapping[str, CallerPart] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables over the TOML file; no dotenv, no other surprises."""
        sources: tuple[PydanticBaseSettingsSource, ...] = (init_settings, env_settings)
        if named := os.environ.get("BRIDGE_CONFIG"):
            sources += (_toml(settings_cls, named),)
        return sources

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, given: Any) -> Any:
        """The database's URL holds its password."""
        return with_files(given)

    @field_validator("routes")
    @classmethod
    def _known_routes(cls, value: Mapping[str, Route]) -> Mapping[str, Route]:
        operations = {op.value for op in Op} | {"query", "*"}
        for name in value:
            kind, dot, op = name.partition(".")
            if name != "*" and not (dot and kind and op in operations):
                raise ValueError(f"{name[:60]!r} is not like Payment.create, Refund.*, *.query or *")
        return value

    @field_validator("listen")
    @classmethod
    def _address(cls, value: str) -> str:
        address(value)
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        networks(value)
        return value

    @model_validator(mode="after")
    def _remembered(self) -> Settings:
        keyed = sorted(name for name, part in self.callers.items() if part.message_ids or part.unique_field)
        if keyed and self.journal.keep_days < REMEMBERED_DAYS:
            raise ValueError(
                f"BRIDGE_JOURNAL__KEEP_DAYS must be at least {REMEMBERED_DAYS}: for so long the message_ids or "
                f"unique_field of the caller {keyed[0][:60]} are remembered"
            )
        return self

    @property
    def proxies(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Whose Forwarded and X-Forwarded-... headers are believed."""
        return networks(self.trusted_proxies)

    @property
    def tenant(self) -> Tenant:
        """The tenant as core knows it."""
        zuora = self.zuora
        return Tenant(
            zone=ZoneInfo(zuora.time_zone),
            # What Zuora: ZOQL says of other offsets: they are taken in Pacific time.
            old_dates=ZoneInfo("America/Los_Angeles") if zuora.old_dates == "pacific" else zuora.old_dates,
            settlement=zuora.settlement,
            item_settlement=zuora.item_settlement,
            enhanced_write_off=zuora.enhanced_write_off,
            refund_reference=self.refund_reference,
            rest_version=zuora.rest_version,
            visibility_seconds=zuora.visibility_seconds,
            directives={(k, name): meant for k, fields in zuora.directives.items() for name, meant in fields.items()},
            wsdl_version=Version(107),
            second_reference=zuora.second_reference,
            covering_memo=zuora.covering_memo,
        )

    @property
    def journal_key(self) -> Keys:
        """The journal's keys as bytes; raises ``ConfigurationError`` unless each is 32 bytes in base64."""
        # Whoever needs no journal should not wait for a database's toolkit to load.
        from bridge.journal.crypto import Keys

        own, others = self.journal.key, self.journal.other_keys
        said = re.split(r"[\s,]+", others.get_secret_value().strip(" \t\r\n,")) if others is not None else []
        return Keys(
            None if own is None else _key_from(own.get_secret_value(), "BRIDGE_JOURNAL__KEY"),
            tuple(_key_from(each, "BRIDGE_JOURNAL__OTHER_KEYS") for each in said if each),
        )

    def caller(self, tenant: str, entity: str, username: str) -> Caller:
        """The caller behind a proved session; a user nobody configured may do nothing under the bridge's credential."""
        for name, part in self.callers.items():
            if username in part.usernames:
                return Caller(
                    tenant=tenant,
                    username=username,
                    name=name,
                    entity=entity,
                    allow=frozenset(part.allow),
                    in_doubt=part.in_doubt,
                    twins=part.twins,
                    message_ids=part.message_ids,
                    unique_field=part.unique_field,
                    credit_memo_as=part.credit_memo_as,
                    user_in=part.user_in,
                    wait_seconds=part.wait_seconds,
                )
        return Caller(tenant=tenant, username=username, entity=entity)


def _key_from(text: str, setting: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ConfigurationError(f"{setting} must be 32 bytes in base64 (`openssl rand -base64 32`)")
    return key


def _toml(settings: type[BaseSettings], named: str) -> PydanticBaseSettingsSource:
    """The file's settings. pydantic-settings takes a file that is not there for an empty one."""
    try:
        with Path(named).open("rb"):
            return TomlConfigSettingsSource(settings, named)
    except OSError as error:
        raise ConfigurationError(f"BRIDGE_CONFIG: {named} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigurationError(f"BRIDGE_CONFIG: {named} is not TOML") from None


def load(**overrides: Any) -> Settings:
    """Read the configuration; raises ``ConfigurationError`` naming each setting at fault."""
    if wrong := misspelt(os.environ, Settings):
        told = (f"{name}: there is no such setting; {meant} is meant, it seems" for name, meant in wrong)
        raise ConfigurationError("; ".join(told))
    try:
        return Settings(**overrides)
    except (ValidationError, SettingsError) as error:
        if isinstance(error, SettingsError):
            raise ConfigurationError(f"a setting is not readable: {_without_input(error)}") from None
        faults = [
            (f"BRIDGE_{'__'.join(str(p).upper() for p in each['loc'])}: " if each["loc"] else "")
            + _said(each["type"], each["msg"])
            for each in error.errors()
        ]
        raise ConfigurationError("; ".join(faults)) from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the configuration cannot be read: {type(error).__name__}") from None


def _said(kind: str, message: str) -> str:
    return "there is no such setting" if kind == "extra_forbidden" else message.removeprefix("Value error, ")


def _without_input(error: Exception) -> str:
    """Which field of which source it was; what was written there may be a secret."""
    return str(error).split(":")[0]
