"""What the runtime is told of a revision. Evidence: documented (container runtime contract; volume mounts)."""

from dataclasses import replace
from typing import Any

import pytest

from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.core.resources import Container, ContainerPort, Probe, Revision, RevisionStatus
from cloudrun_cli.core.volumes import Bucket, CloudSql, EmptyDir, Nfs, SecretVolume, Volume, VolumeMount, VolumeSource
from cloudrun_cli.daemon import specs
from cloudrun_cli.daemon.secrets import Given
from cloudrun_cli.runtime.base import Folder, Mount, Scratch
from tests.builders import HELLO, a_revision, a_template

MIB = 1024 * 1024
APP = Container(HELLO, name="app", port=ContainerPort(8080), depends_on=("side",), memory="256Mi")
SIDE = Container("redis:7", name="side", cpu="500m", memory="128Mi", startup_probe=Probe(port=6379))


def two(**changes: Any) -> Revision:
    """A revision of app and side; the app changed."""
    template = a_template(containers=(replace(APP, **changes), SIDE))
    status = RevisionStatus(image_digest="app@sha256:1", sidecar_digests={"side": "side@sha256:2"})
    return replace(a_revision("hello-00001-abc", template=template), status=status)


def mounting(source: VolumeSource, mount: VolumeMount | None = None) -> tuple[Mount, ...]:
    template = a_template(
        containers=(replace(APP, depends_on=(), mounts=(mount or VolumeMount("v", "/data"),)), SIDE),
        volumes=(Volume("v", source),),
    )
    first, _ = specs.of_revision("i", a_revision("hello-00001-abc", template=template), "/home")
    return first.mounts


def test_containers_come_in_the_order_in_which_they_start_each_with_its_own() -> None:
    side, app = specs.of_revision("i-1", two(), "/home")
    assert (side.container, side.digest, side.cpu_millis, side.memory_bytes) == (
        "side",
        "side@sha256:2",
        500,
        128 * MIB,
    )
    assert (app.container, app.digest, app.cpu_millis, app.memory_bytes) == ("app", "app@sha256:1", 1000, 256 * MIB)
    assert {side.names, app.names} == {("app", "side")}
    assert (side.port, app.port) == (8080, 8080)  # where requests go, whichever starts first
    assert (app.env["PORT"], "PORT" in side.env) == ("8080", False)


def test_ports_that_only_probes_ask_are_named() -> None:
    app, _ = specs.of_revision("i", two(depends_on=(), liveness_probe=Probe(kind="http", port=9090)), "/home")
    assert app.ports == (6379, 9090)


def test_a_lone_container_is_an_instance_as_ever() -> None:
    revision = a_revision("hello-00001-abc", template=a_template(containers=(replace(APP, depends_on=()),)))
    (spec,) = specs.of_revision("i", revision, "/home")
    assert (spec.containers, spec.names, spec.mounts, spec.ports) == ((), ("app",), (), ())


@pytest.mark.parametrize(
    ("source", "told", "read_only"),
    [
        (EmptyDir("16Mi"), Scratch("v", 16 * MIB), False),
        (EmptyDir(), Scratch("v", 384 * MIB), False),  # no more than all containers may use
        (EmptyDir("1Gi", "Disk"), Scratch("v", 1024 * MIB, memory=False), False),
        (Bucket("things"), Folder("/home/buckets/things"), False),
        (Bucket("things", read_only=True), Folder("/home/buckets/things"), True),
        (Bucket("things", options="implicit-dirs;only-dir=a/b;uid=1"), Folder("/home/buckets/things/a/b"), False),
        (Nfs("10.0.0.2", "/exports/a"), Folder("/home/nfs/10.0.0.2/exports/a"), False),
        (Nfs("filer", "/", read_only=True), Folder("/home/nfs/filer"), True),
    ],
)
def test_a_volume_becomes_a_folder_of_the_instance_or_of_the_home(
    source: VolumeSource, told: Scratch | Folder, read_only: bool
) -> None:
    assert mounting(source) == (Mount("v", "/data", told, read_only),)


def test_a_mount_can_be_read_only_and_a_part_of_a_bucket() -> None:
    (mount,) = mounting(Bucket("things"), VolumeMount("v", "/data", sub_path="logs", read_only=True))
    assert mount == Mount("v", "/data", Folder("/home/buckets/things/logs"), True)


def test_what_comes_alive_later_mounts_nothing() -> None:
    assert mounting(CloudSql(("p:r:i",))) == ()


def test_secrets_are_laid_under_what_the_platform_says_and_their_folders_are_read_only() -> None:
    template = a_template(
        containers=(replace(APP, depends_on=(), mounts=(VolumeMount("v", "/etc/key"),)), SIDE),
        volumes=(Volume("v", SecretVolume("key")),),
    )
    given = Given({"app": {"KEY": "s3cr3t", "K_SERVICE": "mine"}}, {"v": "/dev/shm/x/v"})
    app, side = specs.of_revision("i", a_revision("hello-00001-abc", template=template), "/home", given=given)
    assert (app.env["KEY"], app.env["K_SERVICE"], "KEY" in side.env) == ("s3cr3t", "hello", False)
    assert app.mounts == (Mount("v", "/etc/key", Folder("/dev/shm/x/v"), True),)
    assert "s3cr3t" not in repr(app)
    assert "s3cr3t" not in repr(given)


@pytest.mark.parametrize(
    ("source", "mount", "said"),
    [
        (EmptyDir(), VolumeMount("w", "/data"), "no volume [w] to mount at /data"),
        (EmptyDir(), VolumeMount("v", "/data", sub_path="x"), "sub-path [x]"),
        (SecretVolume("key"), VolumeMount("v", "/data", sub_path="x"), "sub-path [x]"),
        (Bucket("../.."), VolumeMount("v", "/data"), "is not a path"),
        (Nfs("filer", "/a/../../b"), VolumeMount("v", "/data"), "is not a path"),
        (Bucket("b", options="only-dir=.."), VolumeMount("v", "/data"), "is not a path"),
    ],
)
def test_what_cannot_be_mounted_is_refused_by_name(source: VolumeSource, mount: VolumeMount, said: str) -> None:
    with pytest.raises(CloudRunError) as refusal:
        mounting(source, mount)
    assert said in refusal.value.message
