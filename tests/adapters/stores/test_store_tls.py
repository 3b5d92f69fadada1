"""The same promises over TLS: certificates count, and the deadline holds there too."""

import datetime
import ipaddress
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from darkroom.core.errors import StoreUnavailable
from tests.fakes.fault_proxy import FaultProxy
from tests.fakes.s3_servers import QUICK
from tests.fakes.scripted_s3 import Reply, Request, Scripted, scripted

PNG = "image/png"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate for the loopback address, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "store.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def server(certificate: Path) -> Iterator[Scripted]:
    kept: dict[str, bytes] = {}

    def script(request: Request) -> Reply:
        if request.method == "PUT":
            kept[request.key] = request.body
        return Reply(200, kept.get(request.key, b""))

    with scripted(script, certificate) as server:
        yield server


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.mark.usefixtures("trusted")
def test_bytes_travel_over_tls(server: Scripted) -> None:
    store = server.store()
    store.put("a/b", b"x" * 300_000, PNG)
    assert store.get("a/b") == b"x" * 300_000
    store.close()


def test_an_unknown_certificate_is_not_trusted(server: Scripted) -> None:
    with pytest.raises(StoreUnavailable, match="certificate"):
        server.store().put("a/b", b"x", PNG)
    assert server.seen == []


@pytest.mark.timeout(90)
@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("after", [0, 100, 1_500, 5_000])
def test_a_tls_answer_that_stops_holds_nobody_past_the_deadline(
    server: Scripted, after: int
) -> None:
    store = server.store()
    store.put("a/b", b"x" * 20_000, PNG)
    with FaultProxy(int(server.url.rsplit(":", 1)[1])) as proxy:
        proxy.faults.freeze_down_after = after
        hurried = replace(QUICK, total_s=0.4, read_s=600.0)
        far = type(store)(
            replace(store.settings, endpoint=f"https://127.0.0.1:{proxy.port}"), hurried
        )
        with pytest.raises(StoreUnavailable):
            far.get("a/b")
        far.close()
    store.close()


@pytest.mark.timeout(90)
@pytest.mark.usefixtures("trusted")
def test_a_tls_server_that_takes_no_bytes_holds_nobody_past_the_deadline(
    server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    with closing(server.store()) as patient:
        patient.put("a/b", b"x", PNG)
    monkeypatch.setattr("tests.fakes.scripted_s3._Handler.do_PUT", lambda _self: released.wait())
    store = server.store(replace(QUICK, total_s=0.4, read_s=600.0))
    try:
        with pytest.raises(StoreUnavailable):
            store.put("a/b", b"x" * 30_000_000, PNG)
    finally:
        released.set()
        store.close()


@pytest.mark.timeout(90)
@pytest.mark.usefixtures("trusted")
def test_a_handshake_that_never_ends_holds_nobody_past_the_deadline(server: Scripted) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        store = server.store(replace(QUICK, total_s=0.3, read_s=600.0))
        settings = replace(store.settings, endpoint=f"https://127.0.0.1:{mute.getsockname()[1]}")
        with pytest.raises(StoreUnavailable):
            type(store)(settings, store.limits).get("a/b")
