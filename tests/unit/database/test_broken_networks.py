"""Names that do not resolve, wrong certificates and handshakes that hang: the database is unavailable, in time."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from shared.answers import ANYTHING
from shared.database.client import call, close_supabase
from shared.errors import DatabaseUnavailable
from tests.support.settings import forget_settings


def certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "other.test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@pytest.fixture
async def networks(tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The URL of each broken peer."""

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    async with AsyncExitStack() as stack:
        hanging = await asyncio.start_server(silent, "127.0.0.1", 0)
        wrong = await asyncio.start_server(silent, "127.0.0.1", 0, ssl=certificate(tmp_path))
        ports = {
            name: (await stack.enter_async_context(server)).sockets[0].getsockname()[1]
            for name, server in (("hanging handshake", hanging), ("wrong certificate", wrong))
        }
        yield {
            "no such name": "https://no-such-project.invalid",
            **{name: f"https://127.0.0.1:{port}" for name, port in ports.items()},
        }


async def test_a_broken_network_is_database_unavailable_in_time(
    networks: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.database.client.CALL_TIMEOUT_SECONDS", 1.0)
    try:
        for name, url in networks.items():
            monkeypatch.setenv("SUPABASE_URL", url)
            forget_settings()
            await close_supabase()
            started_at = time.monotonic()
            with pytest.raises(DatabaseUnavailable):
                await call("read_progress", ANYTHING, repeatable=True, project_id="reel")
            assert time.monotonic() - started_at < 3, name
    finally:
        monkeypatch.undo()
        forget_settings()
        await close_supabase()
