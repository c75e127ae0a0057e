"""GitHub Enterprise Server: a certificate authority of its own, no rate limit, several calls at once."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.integration.service_world import (
    ONE,
    Desk,
    busy_graph,
    database_url,
    migrated,
    server_url,
    truth_of,
)

from stargazer.errors import GitHubUnreachable, SettingError
from stargazer.find import Finding
from stargazer.github.transport import GitHub
from stargazer.planner.budget import Budget
from stargazer.planner.coverage import Kind
from stargazer.planner.plan import Plan
from stargazer.runner import VirtualClock
from stargazer.sandbox import SECONDS_HEADER, Behaviour, Sandbox
from stargazer.service import Wanted
from stargazer.service.token_check import check_token
from stargazer.store.database import Database

__all__ = ["database_url", "migrated", "server_url"]

CONCURRENCY = 4


class Authority:
    """A certificate authority, and a server's certificate for this machine's loopback."""

    def __init__(self, folder: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of our own")])
        self.file = folder / "authority.pem"
        root = self._certificate(self.name, self.key.public_key(), is_authority=True)
        self.file.write_bytes(root.public_bytes(serialization.Encoding.PEM))
        self.context = self._server_context(folder / "server.pem")

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePublicKey, *, is_authority: bool
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True,
                    key_cert_sign=is_authority,
                    crl_sign=is_authority,
                    content_commitment=False,
                    key_encipherment=False,
                    data_encipherment=False,
                    key_agreement=False,
                    encipher_only=False,
                    decipher_only=False,
                ),
                critical=True,
            )
            .sign(self.key, hashes.SHA256())
        )

    def _server_context(self, file: Path) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        certificate = self._certificate(name, key.public_key(), is_authority=False)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(file)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def enterprise(authority: Authority) -> AsyncGenerator[Sandbox]:
    """Run a server of one's own: HTTPS, no limits, and no word of any."""
    behaviour = Behaviour(enterprise=True, one_in_flight=False)
    async with Sandbox(busy_graph(), behaviour, tls=authority.context) as sandbox:
        assert sandbox.url.startswith("https://127.0.0.1:")
        assert sandbox.url.endswith("/api/graphql")
        yield sandbox


def connected(sandbox: Sandbox, clock: VirtualClock, authority: Authority, concurrency: int) -> GitHub:
    return GitHub(
        "token",
        sandbox.url,
        now=clock.now,
        seconds_header=SECONDS_HEADER,
        ca=authority.file,
        concurrency=concurrency,
    )


async def test_an_answer_with_several_calls_at_once(authority: Authority) -> None:
    """Exact as ever; nobody waits for a limit that there is not, and calls overlap as the budget says."""
    async with enterprise(authority) as sandbox:
        clock = VirtualClock(sandbox.clock.now())
        async with connected(sandbox, clock, authority, 1) as github:
            plan = Plan.neighbours(ONE, budget=Budget(concurrency=CONCURRENCY))
            found = await Finding(plan, github, clock=clock).answer()

        assert found.kind is Kind.EXACT
        assert {one.repo: list(one.stargazers) for one in found.neighbours} == truth_of(sandbox.graph)
        assert 1 < max(call.in_flight for call in sandbox.record) <= CONCURRENCY
        assert found.spent.waited_seconds == 0
        assert sandbox.overspent == []


async def test_the_service_goes_by_what_the_server_stands(authority: Authority, database_url: str) -> None:
    """With STARGAZER_GITHUB_CONCURRENCY jobs use it too, on the ledger that all workers share."""
    async with enterprise(authority) as sandbox, Database.open(database_url, sandbox.url) as database:
        desk = Desk(sandbox, database)
        async with connected(sandbox, desk.clock, authority, CONCURRENCY) as github:
            user = await desk.service.credential_user(github.fingerprint, github)
            wanted = Wanted(repository=ONE, credential_user=user)
            async with desk.service.reading(wanted, github) as reading:
                done = await reading.outcome()

        assert done.coverage.kind is Kind.EXACT
        assert await desk.names(done.answer) == truth_of(desk.graph)
        assert 1 < max(call.in_flight for call in sandbox.record) <= CONCURRENCY


async def test_a_token_of_a_server_without_limits(authority: Authority) -> None:
    """Whose it is is told; of a budget nothing."""
    async with enterprise(authority) as sandbox:
        clock = VirtualClock(sandbox.clock.now())
        async with connected(sandbox, clock, authority, 1) as github:
            checked = await check_token(github, clock)
        assert checked.points_an_hour is None
        assert checked.user.login


async def test_a_server_whose_authority_is_not_known_gets_no_token(authority: Authority) -> None:
    """Without STARGAZER_GITHUB_CA the certificate is refused before anything is sent."""
    async with enterprise(authority) as sandbox:
        clock = VirtualClock(sandbox.clock.now())
        async with GitHub("token", sandbox.url) as github:
            answer = await github.ask("{viewer{login}}")
            assert answer.status == 0
            with pytest.raises(GitHubUnreachable):
                await check_token(github, clock)
        assert sandbox.record == []


@pytest.mark.parametrize("content", [None, "", "no certificate\n"])
def test_a_file_that_holds_no_authority_is_refused(tmp_path: Path, content: str | None) -> None:
    """The setting is named, whatever is wrong with the file."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(SettingError, match="STARGAZER_GITHUB_CA"):
        GitHub("token", "https://github.example/api/graphql", ca=file)
