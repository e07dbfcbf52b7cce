"""The Admin API inside the daemon: its address is known at once, its libraries are loaded when there is time."""

import asyncio
import importlib
import socket
from collections.abc import Callable
from datetime import datetime

from cloudrun_cli.controlplane.tokens import Tokens
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.store.database import open_store

_SLOW = ("cloudrun_cli.api.server", "cloudrun_cli.api.serving", "uvicorn.protocols.http.httptools_impl")


class AdminApi:
    """Listens from its making on; who asks before it serves, waits."""

    def __init__(
        self,
        home: str,
        edge: Edge,
        caller: Callable[[], str],
        now: Callable[[], datetime],
        look: Callable[[], None],
        tokens: Tokens,
    ) -> None:
        self._home, self._edge, self._caller, self._now, self._look = home, edge, caller, now, look
        self._tokens = tokens
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        host, port = self._listener.getsockname()
        self.address = f"{host}:{port}"  # for the routes

    async def serve(self) -> None:
        """Load what it takes, beside the loop; then answer until cancelled."""
        for name in _SLOW:
            await asyncio.to_thread(importlib.import_module, name)
        await asyncio.to_thread(self._tokens.warm)  # the first private request must not wait for keys and libraries
        from cloudrun_cli.api import (
            callers,
            iam_credentials,
            iam_roles,
            iam_v1,
            openid,
            policies,
            resource_manager,
            run_v1,
            run_v2,
            secretmanager,
            server,
            serving,
            token_endpoint,
        )
        from cloudrun_cli.controlplane.signing import Signer
        from cloudrun_cli.controlplane.vault import Vault
        from cloudrun_cli.controlplane.wallet import Wallet

        store = open_store(self._home)
        try:
            keys = openid.OpenId(self._tokens, self._now).routes()
            exchange = token_endpoint.TokenEndpoint(
                store, self._tokens, Signer(self._home), Wallet(self._home), self._now
            )
            says = callers.by_credentials(store, self._tokens, Signer(self._home), self._caller, self._now)
            run = run_v1.RunV1(store, self._edge, says, self._now, self._ring)
            jobs = run_v2.RunV2(run.runner, self._now, self._ring).routes()
            secrets = secretmanager.SecretManager(store, Vault(self._home), says, self._now, self._ring)
            asked = (store, says, self._now, self._ring)
            accounts = iam_v1.IamV1(store, Signer(self._home), self._edge, *asked[1:])
            apis = {
                "run": [*policies.Policies(*asked).of_run(), *run.routes(), *jobs],
                "secretmanager": secrets.routes(),
                "cloudresourcemanager": resource_manager.ResourceManager(*asked).routes(),
                "iam": [*iam_roles.IamRoles(*asked).routes(), *accounts.routes()],
                "iamcredentials": iam_credentials.IamCredentials(
                    store, self._tokens, Signer(self._home), says, self._now
                ).routes(),
                "www": keys,  # where Google's libraries look for the certificates
                "oauth2": [*keys, *exchange.routes()],
                "accounts": [*keys, *exchange.routes()],
            }
            await serving.serve(server.application(apis), self._listener)
        finally:
            store.close()

    def _ring(self) -> None:
        """Something was saved: the daemon looks once the answer is on its way."""
        asyncio.get_running_loop().call_soon(self._look)
