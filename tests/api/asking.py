"""Asks the Admin API as a client would, without a network between."""

from dataclasses import dataclass, field
from typing import Any

import httpx
import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

REGIONAL = "us-central1-run.localhost:9080"
GLOBAL = "run.localhost:9080"
ADDRESS = "127.0.0.1:9080"


def decoded(token: str, certificates: dict[str, str]) -> dict[str, Any]:
    """What a JWT says, whenever that was, once the certificate of its key bears out its signature."""
    pem = certificates[jwt.get_unverified_header(token)["kid"]]
    public = x509.load_pem_x509_certificate(pem.encode()).public_key()
    assert isinstance(public, RSAPublicKey)
    options: Any = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
    said: dict[str, Any] = jwt.decode(token, public, algorithms=["RS256"], options=options)
    return said


@dataclass
class Client:
    """Asks by method, path and host name. `rung` counts how often the API said that something has changed."""

    http: httpx.AsyncClient
    rung: list[None] = field(default_factory=list)

    async def __call__(
        self, method: str, path: str, *, host: str = REGIONAL, query: dict[str, str] | None = None
    ) -> httpx.Response:
        return await self.http.request(method, path, headers={"host": host}, params=query)

    async def get(self, path: str, *, host: str = REGIONAL, query: dict[str, str] | None = None) -> Any:
        """The JSON of an answer that must be 200."""
        answer = await self("GET", path, host=host, query=query)
        assert answer.status_code == 200, answer.text
        return answer.json()
