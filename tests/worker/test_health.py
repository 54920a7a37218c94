"""The health endpoint, asked over real sockets."""

import asyncio
import contextlib

import pytest

from starter.dev.ports import free_port
from worker.health import serve_health


async def ask(port: int, request: bytes) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer.decode()


async def test_liveness_and_readiness_are_two_answers() -> None:
    ready = False
    async with serve_health("127.0.0.1", free_port(), lambda: ready) as port:
        assert port is not None
        assert (await ask(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).startswith("HTTP/1.1 200 ")
        assert (await ask(port, b"GET /readyz HTTP/1.1\r\n\r\n")).startswith("HTTP/1.1 503 ")
        ready = True
        answer = await ask(port, b"GET /readyz?verbose HTTP/1.1\r\n\r\n")
        assert answer.startswith("HTTP/1.1 200 ")
        assert answer.endswith("\r\n\r\nready\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET /elsewhere HTTP/1.1\r\n\r\n", "404"),
        (b"POST /healthz HTTP/1.1\r\n\r\n", "405"),
        (b"HEAD /healthz HTTP/1.1\r\n\r\n", "200"),
    ],
)
async def test_other_requests_are_answered_too(request_bytes: bytes, status: str) -> None:
    async with serve_health("127.0.0.1", free_port(), lambda: True) as port:
        assert port is not None
        answer = await ask(port, request_bytes)
        assert answer.split()[1] == status
        assert answer.endswith("\r\n\r\n") == request_bytes.startswith(b"HEAD")


@pytest.mark.parametrize("noise", [b"", b"x" * 100_000, b"GET /healthz HTTP/1.1\r\n" + b"A: b\r\n" * 200])
async def test_noise_is_dropped_and_the_next_probe_is_answered(noise: bytes) -> None:
    async with serve_health("127.0.0.1", free_port(), lambda: True) as port:
        assert port is not None
        with contextlib.suppress(ConnectionError):  # the endpoint may close before it has read everything
            await ask(port, noise)
        assert "200" in await ask(port, b"GET /healthz HTTP/1.1\r\n\r\n")


async def test_port_zero_serves_nothing() -> None:
    async with serve_health("127.0.0.1", 0, lambda: True) as port:
        assert port is None


async def test_a_taken_port_is_an_error_at_once() -> None:
    async with serve_health("127.0.0.1", free_port(), lambda: True) as port:
        assert port is not None
        with pytest.raises(
            OSError, match=rf"`health`: nothing can be served at 127.0.0.1:{port}: .* a port of its own"
        ):
            async with serve_health("127.0.0.1", port, lambda: True):
                pass
