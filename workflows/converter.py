"""The one data converter: pydantic JSON, compressed above 16 kB, refused above `contracts.MAX_PAYLOAD`.

Worker, starter and tests import it; the Temporal CLI needs nothing, for what people send and read stays plain JSON.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.converter import DataConverter, PayloadCodec

from workflows.contracts import MAX_PAYLOAD

COMPRESS_ABOVE: Final = 16_384
ENCODING: Final = b"binary/zlib"


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


def _encode(payload: Payload) -> Payload:
    size = payload.ByteSize()
    if size <= COMPRESS_ABOVE:
        return payload
    packed = Payload(metadata={"encoding": ENCODING}, data=zlib.compress(payload.SerializeToString(), 6))
    if packed.ByteSize() > MAX_PAYLOAD:
        raise PayloadTooLargeError(
            f"A message of {size:,} bytes is still {packed.ByteSize():,} compressed; the limit is {MAX_PAYLOAD:,}. "
            "Bulk belongs in the artifact store."
        )
    return packed


def _decode(payload: Payload) -> Payload:
    if payload.metadata.get("encoding") != ENCODING:
        return payload
    return Payload.FromString(zlib.decompress(payload.data))


CONVERTER: Final[DataConverter] = replace(pydantic_data_converter, payload_codec=Compression())
