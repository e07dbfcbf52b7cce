"""Which version is meant, what a secret may be, and which secrets a template asks for. Evidence: documented, save where
a row says otherwise (Secret Manager v1; Configure secrets for services)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cloudrun_cli.core import secret_uses
from cloudrun_cli.core.checksums import crc32c
from cloudrun_cli.core.errors import CloudRunError, InvalidArgument, NotFound
from cloudrun_cli.core.resources import Container, EnvVar
from cloudrun_cli.core.secret_uses import SecretUse
from cloudrun_cli.core.secrets import (
    MAX_PAYLOAD_BYTES,
    Payload,
    Secret,
    SecretRef,
    check_name,
    check_payload,
    next_etag,
    number_of,
)
from cloudrun_cli.core.volumes import SecretItem, SecretKey, SecretVolume, Volume, VolumeMount
from cloudrun_cli.core.wire.secrets import changed, secret_from_json, secret_to_json
from tests.builders import HELLO, NOW, a_template

REF = SecretRef("demo", "key")


@pytest.mark.parametrize(
    ("content", "checksum"),
    [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"s3cret-value", 2833409870)],
)
def test_checksums_are_those_of_the_standard_and_of_a_recorded_call(content: bytes, checksum: int) -> None:
    assert crc32c(content) == checksum


def test_a_payload_shows_nothing_of_itself() -> None:
    payload = Payload(b"s3cr3t")
    assert "s3cr3t" not in f"{payload} {payload!r} {[payload]}"


@pytest.mark.parametrize(
    ("asked", "number"),
    [("latest", 3), ("1", 1), ("9", 9), ("stable", 2)],  # whether 9 exists is asked of the store
)
def test_the_latest_version_is_the_newest_number_and_an_alias_stands_for_one(asked: str, number: int) -> None:
    assert number_of(asked, {"stable": 2}, [1, 3, 2], "projects/1/secrets/key") == number


@pytest.mark.parametrize(("asked", "numbers"), [("latest", []), ("nosuch", [1])])
def test_what_no_version_is_called_is_not_found(asked: str, numbers: list[int]) -> None:
    with pytest.raises(NotFound, match="projects/1/secrets/key"):
        number_of(asked, {}, numbers, "projects/1/secrets/key")


@pytest.mark.parametrize("asked", ["", "a b", "1/2", "٣"])
def test_what_cannot_be_a_version_is_refused(asked: str) -> None:
    with pytest.raises(InvalidArgument):
        number_of(asked, {}, [1], "projects/1/secrets/key")


def test_names_and_payloads_have_their_limits() -> None:
    assert check_name("a_B-9") == "a_B-9"
    for name in ("", "a.b", "a/b", "ä", "x" * 256):
        with pytest.raises(InvalidArgument):
            check_name(name)
    check_payload(Payload(bytes(MAX_PAYLOAD_BYTES)))
    with pytest.raises(InvalidArgument, match="65537 bytes"):
        check_payload(Payload(bytes(MAX_PAYLOAD_BYTES + 1)))
    with pytest.raises(InvalidArgument, match="checksum"):
        check_payload(Payload(b"a"), 1)


def test_an_etag_is_never_that_of_a_state_before() -> None:
    first = next_etag(NOW)
    assert len({first, next_etag(NOW, first), next_etag(NOW + timedelta(seconds=1), first)}) == 3


def test_a_secret_comes_back_from_json_as_it_was() -> None:
    body: dict[str, Any] = {
        "replication": {"userManaged": {"replicas": [{"location": "us-central1"}, {"location": "us-east1"}]}},
        "labels": {"team": "web"},
        "annotations": {"a.b": "c"},
        "topics": [{"name": "projects/demo/topics/t"}],
        "expireTime": "2030-01-01T00:00:00.000000Z",
        "rotation": {"nextRotationTime": "2029-01-01T00:00:00.000000Z", "rotationPeriod": "7200s"},
        "versionAliases": {"stable": "2"},
        "versionDestroyTtl": "86400s",
        "etag": '"1"',
        "createTime": "2026-02-01T08:15:07.123456Z",
    }
    secret = secret_from_json(body, REF, now=NOW)
    assert secret_to_json(secret, "7") == {"name": "projects/7/secrets/key", **body}
    assert secret_from_json(secret_to_json(secret, "7"), REF, now=NOW) == secret


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"labels": {"Team": "x"}}, "Team"),
        ({"labels": ["x"]}, "labels"),
        ({"versionAliases": {"latest": "1"}}, "latest"),
        ({"versionAliases": {"a": "0"}}, "number"),
        ({"topics": [{"name": "t"}]}, "projects/PROJECT/topics/TOPIC"),
        ({"ttl": "5m"}, "3600s"),
        ({"expireTime": "soon"}, "soon"),
        ({"rotation": {"rotationPeriod": "7200s"}}, "next_rotation_time"),
        ({"rotation": {"nextRotationTime": "2030-01-01T00:00:00Z"}}, "topics"),
        ({"versionDestroyTtl": "60s"}, "86400s"),
        ({"replication": {}}, "automatic"),
        ({"replication": {"userManaged": {"replicas": []}}}, "replicas"),
        ({"replication": {"userManaged": {"replicas": [{"location": "a"}, {"location": "a"}]}}}, "same location"),
        ({"replication": {"automatic": {"customerManagedEncryption": {}}}}, "kmsKeyName"),
        ({"nosuch": 1}, "nosuch"),
    ],
)
def test_what_a_secret_cannot_be_is_refused_by_name(body: dict[str, Any], said: str) -> None:
    with pytest.raises(CloudRunError, match=said):
        secret_from_json(body, REF, now=NOW)


def test_a_mask_sets_and_clears_its_fields_only() -> None:
    secret = Secret(REF, NOW, labels={"a": "b"}, annotations={"c": "d"}, expires=NOW)
    made = changed(secret, {"labels": {"x": "y"}}, ["labels", "expire_time"], now=NOW)
    assert made == replace(secret, labels={"x": "y"}, expires=None)
    assert changed(secret, {"ttl": "60s"}, ["ttl"], now=NOW).expires == NOW + timedelta(seconds=60)


def test_a_template_names_its_secrets_as_variables_and_files_also_of_other_projects() -> None:
    app = Container(
        HELLO,
        env=(EnvVar("KEY", secret=SecretKey("key", "latest")), EnvVar("FAR", secret=SecretKey("far", "3"))),
        mounts=(VolumeMount("files", "/etc/f"), VolumeMount("whole", "/etc/w")),
    )
    volumes = (
        Volume("files", SecretVolume("key", (SecretItem("1", "a/b"), SecretItem("latest", "c", 0o777)), 0o400)),
        Volume("whole", SecretVolume("other")),
        Volume("unused", SecretVolume("nobody")),
    )
    aliases = {"run.googleapis.com/secrets": "far:projects/123456/secrets/their-key"}
    template = a_template(containers=(app,), volumes=volumes, annotations=aliases)
    assert secret_uses.variables(template, app, "demo") == [
        SecretUse("demo", "key", "latest", "KEY"),
        SecretUse("123456", "their-key", "3", "FAR"),
    ]
    assert secret_uses.volumes(template, "demo") == {
        "files": [SecretUse("demo", "key", "1", "a/b", 0o400), SecretUse("demo", "key", "latest", "c", 0o555)],
        "whole": [SecretUse("demo", "other", "latest", "other", 0o444)],
    }
    asked = [(use.resource, use.version) for use in secret_uses.everything(template, "demo")]
    assert asked == [
        ("projects/demo/secrets/key", "latest"),
        ("projects/123456/secrets/their-key", "3"),
        ("projects/demo/secrets/key", "1"),
        ("projects/demo/secrets/other", "latest"),
    ]
