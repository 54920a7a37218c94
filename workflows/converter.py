"""The one data converter: pydantic JSON, compressed above 16 kB, refused above `contracts.MAX_PAYLOAD`.

Worker, starter and tests import it; the Temporal CLI needs nothing, for what people send and read stays plain JSON.
"""

import lzma
import zlib
from collections.abc import Sequence
from typing import ClassVar, Final, Self

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import CompositePayloadConverter, DataConverter, PayloadCodec, SerializationContext

from workflows.contracts import MAX_PAYLOAD

COMPRESS_ABOVE: Final = 16_384
ENCODING: Final = b"binary/zlib"
# zlib looks back 32 kB. What is too large for it may repeat itself over longer distances: twelve runs that wait for the
# same ten thousand devices are 286 kB with it, and 7 kB with this.
FAR: Final = b"binary/lzma"


class PayloadTooLargeError(ValueError):
    """A message that belongs in the artifact store."""


class Compression(PayloadCodec):
    """Deflates large payloads; passes the others as they are."""

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Compress. Raises `PayloadTooLargeError` above the limit."""
        return [_encode(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Decompress what `encode` compressed."""
        return [_decode(payload) for payload in payloads]


def packed_bytes(payload: Payload) -> int:
    """How large a payload is as it travels, in bytes; more than `contracts.MAX_PAYLOAD` do not."""
    return _packed(payload).ByteSize()


def _encode(payload: Payload) -> Payload:
    packed = _packed(payload)
    if packed is not payload and packed.ByteSize() > MAX_PAYLOAD:
        raise PayloadTooLargeError(
            f"A message of {payload.ByteSize():,} bytes is still {packed.ByteSize():,} compressed; the limit is "
            f"{MAX_PAYLOAD:,}. Bulk belongs in the artifact store."
        )
    return packed


def _packed(payload: Payload) -> Payload:
    if payload.ByteSize() <= COMPRESS_ABOVE:
        return payload
    packed = Payload(metadata={"encoding": ENCODING}, data=zlib.compress(payload.SerializeToString(), 6))
    if packed.ByteSize() > MAX_PAYLOAD:
        packed = Payload(metadata={"encoding": FAR}, data=lzma.compress(payload.SerializeToString(), preset=1))
    return packed


def _decode(payload: Payload) -> Payload:
    encoding = payload.metadata.get("encoding")
    if encoding == ENCODING:
        return Payload.FromString(zlib.decompress(payload.data))
    if encoding == FAR:
        return Payload.FromString(lzma.decompress(payload.data))
    return payload


class PayloadConversion(CompositePayloadConverter):
    """Pydantic's conversion, with what it has learnt of our types shared by all.

    The SDK makes a converter for each activation of a workflow and for each call of an activity; pydantic's own would
    build a serializer each time, which cost a tenth of the worker's Python.
    """

    _SHARED: ClassVar = tuple(PydanticPayloadConverter().converters.values())

    def __init__(self) -> None:
        super().__init__(*self._SHARED)


class Conversion(DataConverter):
    """The same for all workflows and activities; the SDK asks for one that knows its context, for each payload."""

    def with_context(self, context: SerializationContext) -> Self:  # noqa: ARG002  # nothing of ours depends on it
        """This very one."""
        return self


CONVERTER: Final = Conversion(payload_converter_class=PayloadConversion, payload_codec=Compression())
