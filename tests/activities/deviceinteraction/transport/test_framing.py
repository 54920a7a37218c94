"""How NETCONF messages are framed: whole however they arrive, and refused where they are not what the RFC says."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.deviceinteraction.transport.framing import BadFrame, Frames


def frames(*, chunked: bool, longest: int = 10_000) -> Frames:
    made = Frames(longest)
    made.chunked = chunked
    return made


def taken(made: Frames, pieces: list[bytes]) -> list[bytes]:
    found = []
    for piece in pieces:
        made.feed(piece)
        while (message := made.take()) is not None:
            found.append(message)
    return found


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    at = sorted({0, len(stream), *(place % (len(stream) + 1) for place in places)})
    return [stream[start:end] for start, end in itertools.pairwise(at)]


MESSAGES = st.lists(
    st.binary(min_size=1, max_size=60).filter(lambda text: b"]]>]]>" not in text), min_size=1, max_size=4
)


@given(MESSAGES, st.booleans(), st.lists(st.integers(min_value=0), max_size=12))
def test_messages_arrive_as_they_were_sent_wherever_the_stream_is_cut(
    messages: list[bytes], chunked: bool, places: list[int]
) -> None:
    if not chunked and any(b"]" in message for message in messages):
        messages = [message.replace(b"]", b"") or b"x" for message in messages]
    sender = frames(chunked=chunked)
    stream = b"".join(sender.wrap(message) for message in messages)
    assert taken(frames(chunked=chunked), cut(stream, places)) == messages


def test_a_message_of_several_chunks_is_one_message() -> None:
    assert taken(frames(chunked=True), [b"\n#4\n<rpc\n#1\n>\n##\n"]) == [b"<rpc>"]


@pytest.mark.parametrize("stream", [b"<rpc>", b"\n#0\n", b"\n##\n", b"\n#12345678901\n", b"\n#4\nabcd<rpc", b"\n#x"])
def test_what_is_no_chunk_is_refused(stream: bytes) -> None:
    with pytest.raises(BadFrame):
        taken(frames(chunked=True), [stream])


@pytest.mark.parametrize(
    ("chunked", "stream"), [(False, b"x" * 200), (True, b"\n#200\n"), (True, b"\n#60\n" + b"x" * 200)]
)
def test_a_message_that_is_too_long_is_refused_before_it_fills_the_memory(chunked: bool, stream: bytes) -> None:
    with pytest.raises(BadFrame, match="longer"):
        taken(frames(chunked=chunked, longest=100), [stream])
