"""Asks the Admin API as a client would, without a network between."""

from dataclasses import dataclass, field
from typing import Any

import httpx

REGIONAL = "us-central1-run.localhost:9080"
GLOBAL = "run.localhost:9080"
ADDRESS = "127.0.0.1:9080"


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
