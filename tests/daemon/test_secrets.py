"""What instances are given of secrets, as their service account. Evidence: documented (Configure secrets)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from cloudrun_cli.controlplane import policies
from cloudrun_cli.controlplane import secrets as verbs
from cloudrun_cli.controlplane.projects import settle
from cloudrun_cli.controlplane.vault import Vault
from cloudrun_cli.core.errors import SecretsRefused
from cloudrun_cli.core.names import project_number
from cloudrun_cli.core.resources import Container, EnvVar, Revision
from cloudrun_cli.core.secrets import ACCESSOR, Payload, SecretRef
from cloudrun_cli.core.volumes import SecretItem, SecretKey, SecretVolume, Volume, VolumeMount
from cloudrun_cli.daemon.secrets import Secrets
from cloudrun_cli.store.database import Store, open_store
from tests.builders import CALLER, HELLO, NOW, NUMBER, PROJECT, a_revision, a_template

WHO = f"serviceAccount:{NUMBER}-compute@developer.gserviceaccount.com"


class World:
    """A store with secrets, and what reads them for instances."""

    def __init__(self, home: Path) -> None:
        self.store: Store = open_store(str(home))
        self.vault = Vault(str(home))
        self.now = NOW
        self.secrets = Secrets(str(home), self.store, self.vault, lambda: self.now)

    def secret(self, name: str, *payloads: bytes, project: str = PROJECT, readable: bool = True) -> None:
        ref = SecretRef(project, name)
        settle(self.store, project, CALLER, NOW)
        verbs.create(self.store, ref, {"replication": {"automatic": {}}}, caller=CALLER, now=NOW)
        for payload in payloads:
            self.add(name, payload, project)
        if readable:
            policies.add_binding(self.store, ref.resource, ACCESSOR, WHO, caller=CALLER, now=NOW)

    def add(self, name: str, payload: bytes, project: str = PROJECT) -> None:
        verbs.add_version(
            self.store, self.vault, SecretRef(project, name), Payload(payload), caller=CALLER, now=self.now
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "home")
    yield made
    made.secrets.close()
    made.store.close()


def revision(*env: EnvVar, source: SecretVolume | None = None, aliases: str = "") -> Revision:
    """A revision of one container with these variables, and with a secret at /etc/s."""
    app = Container(HELLO, name="app", env=env, mounts=(VolumeMount("v", "/etc/s"),) if source else ())
    annotations = {"run.googleapis.com/secrets": aliases} if aliases else {}
    volumes = (Volume("v", source),) if source else ()
    return a_revision(template=a_template(containers=(app,), volumes=volumes, annotations=annotations))


def variable(name: str, secret: str, version: str = "latest") -> EnvVar:
    return EnvVar(name, secret=SecretKey(secret, version))


def test_a_check_names_each_secret_that_is_refused_and_whom(world: World) -> None:
    world.secret("good", b"1")
    world.secret("closed", b"1", readable=False)
    world.secrets.check(revision(variable("A", "good")))
    asked = revision(
        variable("A", "good", "7"), variable("B", "closed"), source=SecretVolume("closed", (SecretItem("1", "f"),))
    )
    with pytest.raises(SecretsRefused) as refusal:
        world.secrets.check(asked)
    said = refusal.value.message
    assert f"Secret Version [projects/{NUMBER}/secrets/good/versions/7] not found." in said
    for version in ("latest", "1"):
        assert f"Permission denied on secret: projects/{NUMBER}/secrets/closed/versions/{version} for Revision" in said
    assert WHO.partition(":")[2] in said
    assert refusal.value.hint == (
        f"Grant it: cloudrun secrets add-iam-policy-binding closed --project=demo --member={WHO} --role={ACCESSOR}"
    )


def test_a_variable_has_the_version_of_the_moment_and_a_secret_of_another_project_is_found_by_number(
    world: World,
) -> None:
    world.secret("key", b"one")
    world.secret("far", "wörld\n".encode(), project="other")
    asked = revision(
        variable("A", "key"),
        variable("B", "alias", "1"),
        aliases=f"alias:projects/{project_number('other')}/secrets/far",
    )
    assert world.secrets.given(asked).variables == {"app": {"A": "one", "B": "wörld\n"}}
    world.add("key", b"two")
    assert world.secrets.given(asked).variables["app"]["A"] == "two"


@pytest.mark.parametrize("payload", [b"\xff\xfe", b"a\0b"])
def test_bytes_that_are_no_text_are_no_variable_and_are_not_told(world: World, payload: bytes) -> None:
    world.secret("raw", payload)
    with pytest.raises(SecretsRefused, match="is no text") as refusal:
        world.secrets.given(revision(variable("A", "raw")))
    assert refusal.value.__cause__ is None
    assert "--update-secrets=/FOLDER/FILE=raw:latest" in (refusal.value.hint or "")


def test_files_are_those_of_now_whatever_happens_to_the_secret(world: World) -> None:
    world.secret("key", b"one", b"two")
    items = (SecretItem("latest", "now"), SecretItem("1", "sub/pinned", 0o440), SecretItem("9", "missing"))
    asked = revision(source=SecretVolume("key", items))
    folder = Path(world.secrets.given(asked).folders["v"])

    def files() -> dict[str, bytes]:
        world.secrets.look()
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    both = {"now": b"two", "sub/pinned": b"one"}
    assert files() == both
    key = SecretRef(PROJECT, "key")
    world.add("key", b"\xff\0three")
    assert files() == both | {"now": b"\xff\0three"}
    verbs.disable(world.store, key, "3", caller=CALLER, now=NOW)
    assert files() == {"sub/pinned": b"one"}
    verbs.enable(world.store, key, "3", caller=CALLER, now=NOW)
    verbs.destroy(world.store, key, "1", caller=CALLER, now=NOW)
    assert files() == {"now": b"\xff\0three"}
    policies.remove_binding(world.store, key.resource, ACCESSOR, WHO, caller=CALLER, now=NOW)
    assert files() == {}
    policies.add_binding(world.store, f"projects/{PROJECT}", ACCESSOR, WHO, caller=CALLER, now=NOW)
    assert files() == {"now": b"\xff\0three"}
    world.secrets.unmount(asked.ref)
    assert not folder.exists()


def test_a_secret_whose_time_is_over_goes_with_its_files(world: World) -> None:
    world.secret("key", b"one")
    verbs.update(world.store, SecretRef(PROJECT, "key"), {"ttl": "60s"}, ["ttl"], caller=CALLER, now=NOW)
    folder = Path(world.secrets.given(revision(source=SecretVolume("key"))).folders["v"])
    assert (folder / "key").read_bytes() == b"one"
    world.now = _later(NOW)
    world.secrets.look(whole=True)
    assert list(folder.iterdir()) == []


def _later(at: datetime) -> datetime:
    return at + timedelta(seconds=60)
