"""The local authority, the certificate for the names in use, and its change while Envoy serves."""

import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from cloudrun_cli.dataplane import envoy_config
from cloudrun_cli.dataplane.certificates import ensure_ca, ensure_certificate, issue, names
from tests.dataplane.edge import HELLO_HOST, TestEdge, eventually

NOW = datetime(2026, 5, 1, tzinfo=UTC)
WANTED = names(["us-central1"], [HELLO_HOST, "shop.example.com"])


def test_the_names_cover_regions_services_domains_and_this_machine() -> None:
    assert set(WANTED) == {
        *("localhost", "run.localhost", "127.0.0.1", "::1"),
        *("*.localhost", "*.googleapis.com", "googleapis.com"),
        *("*.us-central1.run.localhost", HELLO_HOST, "shop.example.com"),
    }


def test_the_authority_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    first = ensure_ca(tmp_path, NOW)
    assert ensure_ca(tmp_path, NOW).certificate == first.certificate
    assert (tmp_path / "ca.key").stat().st_mode & 0o077 == 0
    assert "PRIVATE" not in repr(first)
    assert ensure_ca(tmp_path / "other", NOW).certificate.subject != first.certificate.subject


def test_a_certificate_carries_names_and_addresses_and_is_signed_by_the_authority(tmp_path: Path) -> None:
    ca = ensure_ca(tmp_path, NOW)
    chain, key = issue(ca, WANTED, NOW)
    leaf, above = x509.load_pem_x509_certificates(chain.encode())
    leaf.verify_directly_issued_by(above)
    assert above == ca.certificate
    san = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(san.get_values_for_type(x509.DNSName)) == set(WANTED) - {"127.0.0.1", "::1"}
    assert {str(one) for one in san.get_values_for_type(x509.IPAddress)} == {"127.0.0.1", "::1"}
    assert leaf.not_valid_after_utc - NOW <= timedelta(days=398)
    assert "PRIVATE KEY" in key


@pytest.mark.parametrize(
    ("wanted", "later", "made"),
    [
        (WANTED, timedelta(0), False),
        (WANTED[:3], timedelta(days=300), False),  # fewer names
        ((*WANTED, "more.example.com"), timedelta(0), True),
        (WANTED, timedelta(days=370), True),  # soon at its end
    ],
)
def test_a_certificate_is_made_only_when_the_one_there_does_not_do(
    tmp_path: Path, wanted: tuple[str, ...], later: timedelta, made: bool
) -> None:
    assert ensure_certificate(tmp_path / "tls", tmp_path, WANTED, NOW)
    before = (tmp_path / envoy_config.CERTIFICATE_FILE).read_bytes()
    assert ensure_certificate(tmp_path / "tls", tmp_path, wanted, NOW + later) is made
    assert ((tmp_path / envoy_config.CERTIFICATE_FILE).read_bytes() != before) is made


def test_a_lost_authority_makes_everything_anew(tmp_path: Path) -> None:
    ensure_certificate(tmp_path / "tls", tmp_path, WANTED, NOW)
    (tmp_path / "tls" / "ca.pem").unlink()
    assert ensure_certificate(tmp_path / "tls", tmp_path, WANTED, NOW)


def test_a_start_with_a_good_certificate_does_not_load_the_library(tmp_path: Path) -> None:
    ensure_certificate(tmp_path / "tls", tmp_path, WANTED, NOW)
    program = (
        "import sys, datetime, pathlib\n"
        "from cloudrun_cli.dataplane.certificates import ensure_certificate\n"
        f"now = datetime.datetime.fromisoformat('{NOW.isoformat()}')\n"
        f"folder = pathlib.Path({str(tmp_path)!r})\n"
        f"assert not ensure_certificate(folder / 'tls', folder, {WANTED!r}, now)\n"
        "import cloudrun_cli.dataplane.gate, cloudrun_cli.dataplane.envoy\n"
        "assert 'cryptography' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2], timeout=30)


async def test_a_new_name_is_served_without_a_restart(edge: TestEdge) -> None:
    async with httpx.AsyncClient(verify=edge.tls(), trust_env=False) as client:

        async def status(name: str) -> int:
            url = f"https://127.0.0.1:{edge.https_port}/"
            answer = await client.get(
                url, headers={"host": name, "connection": "close"}, extensions={"sni_hostname": name}
            )
            return answer.status_code

        assert await status("x.us-central1.run.localhost") == 404
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await status("shop.example.com")
        assert ensure_certificate(edge.ca_folder, edge.state, WANTED, datetime.now(UTC))
        await eventually(lambda: _covers(edge, "shop.example.com"))
        assert await status("shop.example.com") == 404


def _covers(edge: TestEdge, name: str) -> bool:
    pem = ssl.get_server_certificate(("127.0.0.1", edge.https_port), timeout=2)
    san = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return name in san.value.get_values_for_type(x509.DNSName)
