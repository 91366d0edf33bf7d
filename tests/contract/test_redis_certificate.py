"""The address `infra/first_secrets.sh` writes for Memorystore, against a Redis with a certificate like Memorystore's.

Its authority is the instance's own, and its certificates name an address as their common name and nothing else:
https://github.com/envoyproxy/ratelimit/pull/409
"""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from deploy.local.instance_process import ROOT

PASSWORD = "made-up"
STARTING_SECONDS = 30.0
CERTIFICATE = "/secrets/redis/ca.pem"


def issued(name: str, key: ec.EllipticCurvePrivateKey, signer: tuple[str, ec.EllipticCurvePrivateKey]) -> bytes:
    """A certificate of one name and no alternative ones, as PEM."""
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, signer[0])]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=name == signer[0], path_length=None), critical=True)
        .sign(signer[1], hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def authority(folder: Path, name: str) -> ec.EllipticCurvePrivateKey:
    """A new authority's key; its certificate is `{name}.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / f"{name}.pem").write_bytes(issued(name, key, (name, key)))
    return key


@asynccontextmanager
async def encrypted_redis(folder: Path) -> AsyncIterator[int]:
    """The port of a Redis that speaks TLS alone, under the authority `ours`."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    key = ec.generate_private_key(ec.SECP256R1())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    (folder / "server.pem").write_bytes(issued("127.0.0.1", key, ("ours", authority(folder, "ours"))))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    command = [program, "--bind", "127.0.0.1", "--port", "0", "--tls-port", str(port), "--tls-auth-clients", "no"]
    command += ["--tls-cert-file", "server.pem", "--tls-key-file", "server.key", "--tls-ca-cert-file", "ours.pem"]
    command += ["--requirepass", PASSWORD, "--save", ""]
    server = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        async with asyncio.timeout(STARTING_SECONDS):
            await listening(port)
        yield port
    finally:
        server.terminate()
        await server.wait()


async def listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def written(port: int, trusted: Path) -> str:
    """REDIS_URL as the script writes it, for this server, with the trusted authority's file."""
    script = (ROOT / "infra" / "first_secrets.sh").read_text(encoding="utf-8")
    match = re.search(r"printf '(rediss://[^']+)'", script)
    assert match is not None and CERTIFICATE in match[1]
    assert f'mount_path = "{Path(CERTIFICATE).parent}"' in (ROOT / "infra" / "run.tf").read_text(encoding="utf-8")
    return match[1].replace("%s", PASSWORD, 1).replace("%s", f"127.0.0.1:{port}", 1).replace(CERTIFICATE, str(trusted))


async def test_redis_is_reached_under_its_own_authority_and_no_other(tmp_path: Path) -> None:
    async with encrypted_redis(tmp_path) as port:
        async with Redis.from_url(written(port, tmp_path / "ours.pem")) as client:
            assert await client.ping()
        authority(tmp_path, "theirs")
        async with Redis.from_url(written(port, tmp_path / "theirs.pem")) as client:
            with pytest.raises(RedisError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.ping()
