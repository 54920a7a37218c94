"""What crosses Temporal: small messages as plain JSON, large ones compressed, bulk refused."""

import random
import string

import pytest

from workflows.contracts import MAX_PAYLOAD, GuardState, Holder, LeaseRequest, RunId
from workflows.converter import CONVERTER, ENCODING, FAR, PayloadTooLargeError
from workflows.plan import HostName

CODEC = CONVERTER.payload_codec


async def sent(value: object) -> tuple[bytes, int, object]:
    """How a value is encoded, how long that is, and what comes out at the other end."""
    assert CODEC is not None
    (packed,) = await CODEC.encode(CONVERTER.payload_converter.to_payloads([value]))
    (plain,) = await CODEC.decode([packed])
    return packed.metadata["encoding"], packed.ByteSize(), CONVERTER.payload_converter.from_payload(plain, type(value))


def queue(length: int) -> GuardState:
    """So many runs that wait for ten thousand devices."""
    hosts = tuple(HostName(f"bldg-{index // 40:03d}-acc-{index % 40:02d}.net.example.org") for index in range(10_000))
    holders = (Holder(workflow_id=f"run-{index}", run=RunId(f"id-{index}"), root="r") for index in range(length))
    return GuardState(queue=tuple(LeaseRequest(holder=holder, devices=hosts) for holder in holders))


async def test_small_messages_stay_readable_and_large_ones_come_out_as_they_went_in() -> None:
    encoding, _, text = await sent("a" * 10_000)
    assert (encoding, text) == (b"json/plain", "a" * 10_000)
    encoding, size, out = await sent(queue(1))
    assert (encoding, size < 40_000, out == queue(1)) == (ENCODING, True, True)


async def test_the_guard_can_carry_a_queue_of_whole_fleets() -> None:
    encoding, size, out = await sent(queue(20))
    assert (encoding, size < 40_000, out == queue(20)) == (FAR, True, True)


async def test_bulk_is_refused_and_told_where_it_belongs() -> None:
    noise = "".join(random.Random(1).choices(string.printable, k=2 * MAX_PAYLOAD))
    with pytest.raises(PayloadTooLargeError, match="Bulk belongs in the artifact store"):
        await sent(noise)
