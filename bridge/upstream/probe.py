"""Asks a tenant what it is, read-only, and compares the answers with the configuration: what ``bridge doctor`` does.

Sends GETs, a token request, ``getUserInfo`` and, where a user is given, ``login``; nothing that could move money or
change an object. A fact that only a write would show is reported as one that cannot be probed. What the documents
leave open is not claimed: a refusal may be a missing feature or a missing permission, and is told as both. Must not
read settings or print.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from urllib.parse import urlsplit

from bridge.contract.contract import CUSTOM_SUFFIXES
from bridge.core.model import Settlement
from bridge.upstream.probe_file import custom_fields, examine
from bridge.upstream.probe_findings import Finding, State
from bridge.upstream.probe_rest import Configured, RestProbe, refused, trouble
from bridge.upstream.probe_soap import Login, SoapProbe
from bridge.upstream.probe_zone import Sample, compared, sample
from bridge.upstream.readings import prefixes
from bridge.upstream.rest import Json, segment
from bridge.upstream.transport import Transport

__all__ = ["Configured", "Probe"]

_TRIED = 5
"""How many payments are looked at for one that is applied, which is what item parts need."""

Findings = Sequence[Finding]
Step = tuple[str, Callable[[], Awaitable[Findings]]]


class Probe:
    """One visit to a tenant. Its ``steps`` are run in order; later ones use what earlier ones found."""

    def __init__(self, configured: Configured, transport: Transport, soap: SoapProbe, login: Login | None) -> None:
        self._configured = configured
        self._soap = soap
        self._login = login
        self._rest = RestProbe(configured, transport)

    def steps(self) -> Iterator[Step]:
        """What is looked at, each with a title for people who wait."""
        yield "OAuth client", self._rest.oauth
        yield "REST API", self._rest.version
        yield "entities", self._rest.entity
        yield "Invoice Settlement", self._settlement
        yield "Invoice Item Settlement", self._items
        yield "enhanced write-off", self._write_off
        yield "time zone", self._zone
        yield "numbers", self._numbers
        yield "gateways", self._gateways
        yield "custom fields", self._custom
        yield "visibility", self._visibility
        yield "SOAP API", self._reach
        yield "login", self._who
        yield "WSDL", self._file
        yield "clock", self._clock

    # ------------------------------------------------------------ the tenant, by REST

    async def _settlement(self) -> Findings:
        subject, settlement = "Invoice Settlement", self._configured.tenant.settlement
        configured = f"BRIDGE_ZUORA__SETTLEMENT={settlement.value}"
        came = await self._rest.get("/v1/credit-memos", (("pageSize", "1"),))
        if came is None:
            return [_unasked(subject, configured)]
        off = settlement is Settlement.OFF
        if isinstance(came, Json) and came.good is not None:
            if off:
                return [
                    Finding(
                        subject, State.WRONG, "credit memos are there", configured, ("BRIDGE_ZUORA__SETTLEMENT=on",)
                    )
                ]
            found = "credit memos are there: on, or harmonised, which the bridge treats alike"
            return [Finding(subject, State.AGREES, found, configured)]
        if not refused(came):
            return [Finding(subject, State.WRONG, f"no answer about credit memos: {trouble(came)}", configured)]
        found = (
            f"Zuora refuses credit memos ({trouble(came)}): the feature is off, or the OAuth client may not read them"
        )
        if off:
            return [Finding(subject, State.AGREES, found, configured)]
        advice = ("BRIDGE_ZUORA__SETTLEMENT=off", "Or give the OAuth client's user the Billing permissions.")
        return [Finding(subject, State.WRONG, found, configured, advice)]

    async def _items(self) -> Findings:
        subject, on = "Invoice Item Settlement", self._configured.tenant.item_settlement
        configured = f"BRIDGE_ZUORA__ITEM_SETTLEMENT={str(on).lower()}"
        if self._configured.tenant.settlement is Settlement.OFF:
            return []
        payments = await self._rest.payments()
        if payments is None:
            return [_unasked(subject, configured)]
        applied = [row for row in payments if row.get("appliedAmount") and isinstance(row.get("id"), str)]
        for row in applied[:_TRIED]:
            came = await self._item_parts(str(row["id"]))
            if isinstance(came, bool):
                if came is on:
                    return [Finding(subject, State.AGREES, "on" if came else "off", configured)]
                found = "item parts are there" if came else "Zuora refuses item parts: off, or not permitted"
                advice = (f"BRIDGE_ZUORA__ITEM_SETTLEMENT={str(came).lower()}",)
                return [Finding(subject, State.WRONG, found, configured, advice)]
        found = "no applied payment with item parts was found to tell it by"
        advice = (f"Ask your Zuora administrator, then BRIDGE_ZUORA__ITEM_SETTLEMENT={str(on).lower()} or the other",)
        return [Finding(subject, State.UNKNOWN, found, configured, advice)]

    async def _item_parts(self, payment_id: str) -> bool | None:
        """Whether an applied part of this payment shows its items, is refused to show them, or neither."""
        path = f"/v1/payments/{segment(payment_id)}/parts"
        parts = await self._rest.get(path)
        if not isinstance(parts, Json) or parts.good is None:
            return None
        rows = parts.good.get("parts")
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and (row.get("invoiceId") or row.get("debitMemoId")) and row.get("id"):
                came = await self._rest.get(f"{path}/{segment(str(row['id']))}/item-parts")
                if isinstance(came, Json) and came.good is not None:
                    return True if came.good.get("itemParts") else None
                # "Not found" may be about the part, which goes when its amount does.
                gone = isinstance(came, Json) and came.not_found
                return False if refused(came) and not gone else None
        return None

    async def _write_off(self) -> Findings:
        if self._configured.tenant.settlement is Settlement.OFF:
            return []
        on = self._configured.tenant.enhanced_write_off
        found = (
            "only a refund would show whether Zuora unapplies by itself (Zuora: Refund a payment with auto-unapplying)"
        )
        advice = (
            "Ask your Zuora administrator whether Enhanced Invoice and Debit Memo Write-Off is enabled, then "
            "BRIDGE_ZUORA__ENHANCED_WRITE_OFF=true, else BRIDGE_ZUORA__ENHANCED_WRITE_OFF=false",
        )
        configured = f"BRIDGE_ZUORA__ENHANCED_WRITE_OFF={str(on).lower()}"
        return [Finding("enhanced write-off", State.UNKNOWN, found, configured, advice)]

    async def _zone(self) -> Findings:
        samples: list[Sample] = []
        for kind in ("payments", "invoices", "debit-memos", "credit-memos"):
            # The oldest and the newest: a zone shows itself by its summer and its winter.
            for order in ("ASC", "DESC"):
                came = await self._rest.get(
                    f"/object-query/{kind}", (("pageSize", "50"), ("sort[]", f"createdDate.{order}"))
                )
                rows = came.good.get("data") if isinstance(came, Json) and came.good is not None else None
                found = (sample(row.get("createdDate")) for row in rows or () if isinstance(row, dict))
                samples += [each for each in found if each is not None]
        return [compared(samples, str(self._configured.tenant.zone))] if self._rest.token is not None else []

    async def _numbers(self) -> Findings:
        came = await self._rest.get("/v1/sequence-sets")
        if came is None:
            return []
        subject = "number prefixes"
        try:
            found = prefixes(came.good) if isinstance(came, Json) and came.good is not None else None
        except ValueError:
            found = None
        if found is None:
            text = f"not readable ({trouble(came)}): INV, DM and CM are taken as a hint; look-ups decide all the same"
            return [Finding(subject, State.NOTE, text)]
        listed = ", ".join(f"{prefix} ({kind.value})" for prefix, kind in sorted(found.items()))
        return [Finding(subject, State.AGREES, f"{listed or 'none'}; the bridge reads them by itself")]

    async def _gateways(self) -> Findings:
        came = await self._rest.get("/v1/payment-gateways")
        if came is None:
            return []
        if isinstance(came, Json) and came.good is not None:
            return [Finding("payment gateways", State.AGREES, "their names can be resolved")]
        advice = ("Give the OAuth client's user the permission to read payment gateways.",)
        found = f"not readable ({trouble(came)}): payments that name a Gateway, and electronic ones, cannot go by REST"
        off = self._configured.tenant.settlement is Settlement.OFF
        return [Finding("payment gateways", State.NOTE if off else State.WRONG, found, advice=advice)]

    async def _custom(self) -> Findings:
        unknown: list[str] = []
        known = custom_fields(self._configured.contract)
        for kind, rows in (
            ("Payment", await self._rest.payments()),
            ("Refund", await self._rest.rows("/v1/refunds", "refunds")),
        ):
            names = {name for row in rows or () for name in row if name.endswith(CUSTOM_SUFFIXES)}
            unknown += [f"{kind}.{name}" for name in sorted(names - set(known.get(kind, ())))]
        if self._rest.token is None:
            return []
        if not unknown:
            return [Finding("custom fields", State.AGREES, "all that payments and refunds carry are in the WSDL file")]
        found = f"{', '.join(unknown)} not in the WSDL file: they travel, but as text whatever their type"
        advice = ("BRIDGE_ZUORA__WSDL=<the tenant's own file, downloaded anew>",)
        return [Finding("custom fields", State.WRONG, found, self._configured.wsdl or "the bridge's own file", advice)]

    async def _visibility(self) -> Findings:
        seconds = self._configured.visibility_seconds
        found = "only a write would show how late Zuora's look-ups see what was made; 60 is careful"
        advice = (f"BRIDGE_ZUORA__VISIBILITY_SECONDS={seconds} unless Zuora has told you another figure",)
        return [Finding("visibility", State.UNKNOWN, found, f"{seconds} s", advice)]

    # ------------------------------------------------------------ SOAP and this machine

    async def _reach(self) -> Findings:
        return await self._soap.reach()

    async def _who(self) -> Findings:
        return await self._soap.who(self._login, self._configured.tenant_id, self._configured.soap_hosts)

    async def _file(self) -> Findings:
        if not self._configured.wsdl:
            text = f"the bridge's own file, version {self._configured.contract.version}, without custom fields"
            return [Finding("WSDL", State.NOTE, text)]
        found = examine(self._configured.contract, self._configured.tenant.settlement)
        listed = [
            Finding(
                f"WSDL {each.subject}", each.state, each.found, each.configured or self._configured.wsdl, each.advice
            )
            for each in found
        ]
        host, asked = (urlsplit(url).netloc for url in (self._configured.contract.address, self._configured.soap_url))
        if host != asked:
            text = f"it was downloaded from {host}, and {asked} is asked: is it of this tenant?"
            listed.append(Finding("WSDL address", State.NOTE, text, self._configured.wsdl))
        return listed

    async def _clock(self) -> Findings:
        off = self._soap.clock_difference()
        if off is None:
            return [Finding("clock", State.UNKNOWN, "no answer of Zuora's had a Date")]
        text = f"Zuora's clock is {abs(off):.0f} s {'ahead of' if off >= 0 else 'behind'} this machine's"
        if abs(off) <= 5:
            return [Finding("clock", State.AGREES, text)]
        return [
            Finding("clock", State.NOTE, f"{text}; the bridge goes by Zuora's", advice=("Check NTP on this machine.",))
        ]


def _unasked(subject: str, configured: str) -> Finding:
    return Finding(subject, State.UNKNOWN, "nothing could be asked by REST", configured)
