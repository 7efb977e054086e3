"""Receiving a body: bytes in as they arrive, inflated under a ceiling, one ``bytes`` out.

Contract: ``Intake.feed`` and ``Intake.close`` return a Refusal and never raise; at no moment is more held than the
ceiling plus one block, and beside it what came compressed. However the bytes are cut into chunks, the result is the
same. Must not look at XML.
"""

import io
import zlib

from bridge.facade.guard_terms import DEFAULT_LIMITS, Admission, Limits, Refusal, fault, too_large

# zlib copies what it has not used yet at every call, so a large piece with many small steps would cost its square.
_PIECE = 16 * 1024
_BLOCK = 64 * 1024
_GZIP_ONLY = 16 + zlib.MAX_WBITS


class Intake:
    """One body being received; feed it until the peer is done or it refuses."""

    def __init__(self, admission: Admission, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self.gzip = admission.gzip
        self._size = 0
        self._inflater = zlib.decompressobj(_GZIP_ONLY) if admission.gzip else None
        self._held = io.BytesIO()
        self._compressed = bytearray()
        self._members = 1
        self._refusal: Refusal | None = None

    @property
    def held(self) -> int:
        """Bytes that it holds: what it is inflated, and what came compressed, which may inflate to nothing at all."""
        return self._size + len(self._compressed)

    def feed(self, chunk: bytes) -> Refusal | None:
        """Take the next bytes; a Refusal is final and every later call repeats it."""
        if self._refusal is None and chunk:
            if self._inflater is None:
                self._refusal = self._keep(chunk)
            else:
                view = memoryview(chunk)
                for start in range(0, len(view), _PIECE):
                    self._refusal = self._inflate(bytes(view[start : start + _PIECE]))
                    if self._refusal is not None:
                        break
            if self._refusal is not None:
                self._held, self._compressed = io.BytesIO(), bytearray()
        return self._refusal

    def close(self) -> bytes | Refusal:
        """Return everything received, inflated."""
        if self._refusal is not None:
            return self._refusal
        if self._inflater is not None and not self._inflater.eof:
            return fault("gzip", "its gzip body is cut short")
        return self._held.getvalue()

    def came(self, received: bytes) -> bytes:
        """The body as it was sent, for passing it on; ``received`` is what ``close`` returned."""
        return bytes(self._compressed) if self.gzip else received

    def _keep(self, block: bytes) -> Refusal | None:
        self._size += len(block)
        if self._size > self._limits.body_bytes:
            return too_large("size", f"its body is over {self._limits.body_bytes} bytes")
        self._held.write(block)
        return None

    def _inflate(self, piece: bytes) -> Refusal | None:
        assert self._inflater is not None
        self._compressed += piece
        # A gzip stream is at least 18 bytes of frame, so the compressed size has the same ceiling.
        if len(self._compressed) > self._limits.body_bytes:
            return too_large("size", f"its body is over {self._limits.body_bytes} bytes")
        while piece:
            if self._inflater.eof:
                # RFC 1952 section 2.2: members simply follow each other. Anything else behind one is garbage, and
                # garbage is where another reader of the same bytes might see another message.
                self._members += 1
                if self._members > self._limits.gzip_members:
                    return fault("gzip", f"its gzip body has more than {self._limits.gzip_members} members")
                self._inflater = zlib.decompressobj(_GZIP_ONLY)
            try:
                block = self._inflater.decompress(piece, _BLOCK)
            except zlib.error:
                return fault("gzip", "its body is not gzip, or is damaged")
            refusal = self._keep(block)
            if refusal is not None:
                return refusal
            if self._size > self._limits.gzip_ratio_from and self._size > self._limits.gzip_ratio * len(
                self._compressed
            ):
                return too_large("ratio", f"its gzip body grows more than {self._limits.gzip_ratio} times")
            piece = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
        return None
