"""Where keys and payloads meet: payloads are sealed with the key of this home, and opened again.

HOME/keys/secrets.key has a line for each key, `ID BASE64`: the first seals, and any opens what was sealed with it, so a
new key is put in front and the old ones stay for as long as something needs them. AES-256-GCM; the full name of the
version is sealed along, so that no payload opens under another name.
"""

import base64
import binascii
import os
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cloudrun_cli.core.errors import FailedPrecondition
from cloudrun_cli.core.secrets import Payload

FOLDER, FILE = "keys", "secrets.key"
_KEY_BYTES, _ID_BYTES, _NONCE_BYTES = 32, 4, 12


class Vault:
    """Seals and opens the payloads of a home. The key is read when it is first needed."""

    def __init__(self, home: str) -> None:
        self._folder = os.path.join(home, FOLDER)
        self._keys: dict[bytes, AESGCM] = {}

    @property
    def path(self) -> str:
        """Where the key is."""
        return os.path.join(self._folder, FILE)

    def seal(self, payload: Payload, name: str, *, first: bool) -> bytes:
        """The payload of the version with this full name, sealed. The key is made when this is the `first` thing that
        it seals. Raises FailedPrecondition without a good key."""
        if first and not os.path.exists(self.path):
            self._make()
        id, key = next(iter(self._read().items()))
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return id + nonce + key.encrypt(nonce, payload.content, name.encode())

    def open(self, sealed: bytes, name: str) -> Payload:
        """What was sealed under this name. Raises FailedPrecondition when the key is missing or another one."""
        id, rest = sealed[:_ID_BYTES], sealed[_ID_BYTES:]
        key = self._read().get(id)
        try:
            if key is not None:
                return Payload(key.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], name.encode()))
        except InvalidTag:
            pass
        raise FailedPrecondition(
            f"The payload of [{name}] cannot be decrypted with the key in {self.path}.",
            hint="Put back the key that this home's secrets were made with, or add a new version.",
        )

    def _read(self) -> dict[bytes, AESGCM]:
        if self._keys:
            return self._keys
        try:
            with open(self.path, encoding="ascii") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise FailedPrecondition(
                        f"The key of the secrets, {self.path}, can be read by others.", hint=f"chmod 600 {self.path}"
                    )
                lines = file.read().split("\n")
        except FileNotFoundError:
            raise FailedPrecondition(
                f"The key of the secrets, {self.path}, is missing; without it no payload can be read.",
                hint="Put it back from where this home was copied from.",
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise FailedPrecondition(f"The key of the secrets, {self.path}, cannot be read: {error}") from error
        keys = dict(self._key(line) for line in lines if line.strip())
        if not keys:
            raise self._unfit()
        self._keys = keys
        return keys

    def _key(self, line: str) -> tuple[bytes, AESGCM]:
        id, _, text = line.strip().partition(" ")
        try:
            return _id(bytes.fromhex(id)), AESGCM(base64.b64decode(text, validate=True))
        except (ValueError, binascii.Error):
            raise self._unfit() from None

    def _unfit(self) -> FailedPrecondition:
        return FailedPrecondition(f"{self.path} holds no key of secrets: each line reads ID BASE64.")

    def _make(self) -> None:
        """A new key; where two make one at once, the first stays."""
        os.makedirs(self._folder, mode=0o700, exist_ok=True)
        os.chmod(self._folder, 0o700)
        text = f"{secrets.token_hex(_ID_BYTES)} {base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()}\n"
        own = f"{self.path}.{os.getpid()}.{secrets.token_hex(4)}"
        file = os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(file, "w", encoding="ascii") as out:
                out.write(text)
                out.flush()
                os.fsync(out.fileno())
            try:
                os.link(own, self.path)
            except FileExistsError:
                return
        finally:
            os.unlink(own)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _id(id: bytes) -> bytes:
    if len(id) != _ID_BYTES:
        raise ValueError("the id of a key has four bytes")
    return id
