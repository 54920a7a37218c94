"""A Temporal server behind mutual TLS, reached by the variables of Temporal's own command line.

The development server speaks no TLS, so a real TLS end stands before it on loopback, as a proxy does in the field.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from starter.client import Orchestrator
from starter.errors import RunNotFoundError, ServerUnreachableError, UsageError
from starter.secure import forget_security, security
from worker.server import connect
from worker.settings import SettingsError, TelemetrySettings, TemporalSettings
from worker.telemetry import telemetry

CA, CERTIFICATE, KEY = (
    "TEMPORAL_TLS_SERVER_CA_CERT_PATH",
    "TEMPORAL_TLS_CLIENT_CERT_PATH",
    "TEMPORAL_TLS_CLIENT_KEY_PATH",
)


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A folder with ``ca.pem``, and ``end.pem`` with ``end.key`` that it has signed, for both ends at 127.0.0.1."""
    ca, end = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    for name, key, names, extension in (
        ("ca.pem", ca, issuer, x509.BasicConstraints(ca=True, path_length=0)),
        ("end.pem", end, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "end")]), address),
    ):
        begins, ends = now - timedelta(days=1), now + timedelta(days=1)
        builder = x509.CertificateBuilder(
            issuer, names, key.public_key(), x509.random_serial_number(), begins, ends
        ).add_extension(extension, critical=name == "ca.pem")
        (tmp_path / name).write_bytes(builder.sign(ca, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    (tmp_path / "end.key").write_bytes(
        end.private_bytes(serialization.Encoding.PEM, private, serialization.NoEncryption())
    )
    return tmp_path


@pytest.fixture
async def guarded(address: str, certificates: Path) -> AsyncIterator[str]:
    """The address of a TLS end before the server, which lets in whoever has a certificate of the authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.pem"))
    context.load_cert_chain(certificates / "end.pem", certificates / "end.key")
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    host, _, port = address.rpartition(":")

    async def passed_on(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except OSError:  # either end has gone
            pass
        finally:
            sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(passed_on(reader, inner_writer), passed_on(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()  # what is open ends with its client


async def test_clients_and_workers_reach_a_server_behind_mutual_tls(
    guarded: str, idle: Orchestrator, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = idle.client.namespace
    monkeypatch.setenv(CA, str(certificates / "ca.pem"))
    with pytest.raises(ServerUnreachableError, match=f", asked as {CA} says"):  # but shows no certificate of its own
        await (await Orchestrator.connect(address=guarded, namespace=namespace)).find("last")
    monkeypatch.setenv(CERTIFICATE, str(certificates / "end.pem"))
    monkeypatch.setenv(KEY, str(certificates / "end.key"))
    client = await Orchestrator.connect(address=guarded, namespace=namespace)
    with pytest.raises(RunNotFoundError, match="There is no run in namespace"):
        await client.find("last")
    with telemetry(TelemetrySettings()) as measured:
        await connect(TemporalSettings(address=guarded, namespace=namespace), measured, patience_s=10)


async def test_a_file_that_is_not_there_is_named_before_anybody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CA, "/nowhere/ca.pem")
    said = f"the environment's {CA} cannot be used: .*No such file.*"
    with pytest.raises(UsageError, match=said):
        await Orchestrator.connect()
    with pytest.raises(SettingsError, match=said), telemetry(TelemetrySettings()) as measured:
        await connect(TemporalSettings(), measured, patience_s=0)


def test_a_key_means_tls_and_what_a_server_of_ours_does_not_ask_for_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert security() == {}
    monkeypatch.setenv("TEMPORAL_ADDRESS", "elsewhere:7233")  # the address is said to us in other ways
    monkeypatch.setenv("TEMPORAL_API_KEY", "a key")
    monkeypatch.setenv("TEMPORAL_GRPC_META_TENANT", "campus")
    assert security() == {"api_key": "a key", "tls": True, "rpc_metadata": {"tenant": "campus"}}
    forget_security()
    assert security() == {}
