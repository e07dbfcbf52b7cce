"""The wallet: the accounts that have logged in on this home, and what its refresh tokens stand for.

One file each, readable by nobody else, and never in the store: an export takes no credentials along.
"""

import hashlib
import json
import os
import secrets
from pathlib import Path

from cloudrun_cli.controlplane.key_files import private_folder
from cloudrun_cli.core.credentials import Grant, KeyFile, parse_key_file
from cloudrun_cli.core.identity import is_service_account

CREDENTIALS, ACCOUNTS, GRANTS = "credentials", "accounts", "grants"
REFRESH_PREFIX = "1//"  # what refresh tokens begin with


class Wallet:
    """The credentials of one home."""

    def __init__(self, home: str) -> None:
        self._folder = Path(home) / CREDENTIALS

    def accounts(self) -> list[str]:
        """Those that have logged in, by address."""
        try:
            return sorted(file.name.removesuffix(".json") for file in self._file(ACCOUNTS, "").iterdir())
        except FileNotFoundError:
            return []

    def key(self, email: str) -> KeyFile | None:
        """The key with which a service account was activated."""
        try:
            return parse_key_file(self._file(ACCOUNTS, f"{email}.json").read_text(), f"credentials of {email}")
        except FileNotFoundError:
            return None

    def add_user(self, email: str) -> None:
        """A user has logged in."""
        self._write(ACCOUNTS, f"{email}.json", json.dumps({"type": "user", "account": email}))

    def add_key(self, key: KeyFile) -> None:
        """A service account was activated with its key."""
        said = {
            "type": "service_account",
            "client_email": key.email,
            "private_key_id": key.key_id,
            "private_key": key.private_key,
            "project_id": key.project,
        }
        self._write(ACCOUNTS, f"{key.email}.json", json.dumps(said))

    def remove(self, email: str) -> bool:
        """Forget an account, and everything that was granted to it as a user. Whether it was there."""
        if not is_service_account(email):
            for file in self._grants():
                if self._grant(file).account == email:
                    file.unlink(missing_ok=True)
        try:
            self._file(ACCOUNTS, f"{email}.json").unlink()
        except FileNotFoundError:
            return False
        return True

    def grant(self, grant: Grant) -> str:
        """A new refresh token that stands for it."""
        token = REFRESH_PREFIX + secrets.token_urlsafe(48)
        said = {"account": grant.account, "chain": grant.chain, "scopes": grant.scopes}
        self._write(GRANTS, _name(token), json.dumps(said))
        return token

    def granted(self, token: str) -> Grant | None:
        """What a refresh token stands for; None for one that was never given, or was revoked."""
        try:
            return self._grant(self._file(GRANTS, _name(token)))
        except FileNotFoundError:
            return None

    def withdraw(self, token: str) -> bool:
        """Let a refresh token stand for nothing any more. Whether it did."""
        try:
            self._file(GRANTS, _name(token)).unlink()
        except FileNotFoundError:
            return False
        return True

    def _grants(self) -> list[Path]:
        try:
            return list(self._file(GRANTS, "").iterdir())
        except FileNotFoundError:
            return []

    def _grant(self, file: Path) -> Grant:
        said = json.loads(file.read_text())
        return Grant(said["account"], tuple(said["chain"]), tuple(said["scopes"]))

    def _file(self, kind: str, name: str) -> Path:
        return self._folder / kind / name

    def _write(self, kind: str, name: str, text: str) -> None:
        path = self._file(kind, name)
        private_folder(path.parent)
        draft = path.parent.parent / f".{name[:40]}.{os.getpid()}"
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)


def _name(token: str) -> str:
    """The name of its file, from which nobody learns the token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
