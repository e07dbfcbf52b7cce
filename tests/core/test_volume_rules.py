"""What volumes and mounts must be: field, value and rule. Evidence: documented (volume mounts; secrets; Cloud SQL)."""

import pytest

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Container, RevisionTemplate
from cloudrun_cli.core.volume_rules import check_volumes
from cloudrun_cli.core.volumes import (
    Bucket,
    CloudSql,
    EmptyDir,
    Nfs,
    SecretItem,
    SecretVolume,
    Volume,
    VolumeMount,
    VolumeSource,
)
from tests.builders import HELLO

FIELD = "spec.template.spec.volumes"
MOUNTS = "spec.template.spec.containers[0].volumeMounts"
SQL = CloudSql(("p:r:i",))


def template(*sources: VolumeSource, mounts: tuple[tuple[str, str], ...] = (), name: str = "v") -> RevisionTemplate:
    """Volumes called v0, v1 … and a container of 512Mi that mounts them."""
    made = tuple(Volume(f"{name}{index}", source) for index, source in enumerate(sources))
    seen = tuple(VolumeMount(volume, path) for volume, path in mounts)
    return RevisionTemplate((Container(HELLO, mounts=seen),), volumes=made)


@pytest.mark.parametrize(
    "allowed",
    [
        template(),
        template(EmptyDir("512Mi"), mounts=(("v0", "/a"),)),
        template(EmptyDir("10Gi", "Disk")),
        template(EmptyDir(), EmptyDir(), mounts=(("v0", "/a/b"), ("v1", "/a/c"), ("v0", "/ab"))),
        template(Bucket("my.bucket_1")),
        template(Nfs("10.0.0.1", "/")),
        template(SQL, mounts=(("v0", "/cloudsql"),)),
        template(SecretVolume("s", (SecretItem("1", "a/b"), SecretItem("2", "a/c")))),
    ],
)
def test_volumes_that_are_allowed(allowed: RevisionTemplate) -> None:
    check_volumes(allowed)


@pytest.mark.parametrize(
    ("refused", "field", "says"),
    [
        (template(EmptyDir(), name="V"), f"{FIELD}[0].name", "Invalid volume name [V0]"),
        (template(EmptyDir("513Mi")), f"{FIELD}[0].emptyDir.sizeLimit", "[513Mi]"),
        (template(EmptyDir("lots")), f"{FIELD}[0].emptyDir.sizeLimit", "Got 'lots'"),
        (template(Bucket("No Bucket")), f"{FIELD}[0].csi.volumeAttributes.bucketName", "[No Bucket]"),
        (template(Nfs("", "/x")), f"{FIELD}[0].nfs", "[:/x]"),
        (template(SecretVolume("s", (SecretItem("1", "/abs"),))), f"{FIELD}[0].secret.items.path", "[/abs]"),
        (template(SecretVolume("s", (SecretItem("1", "a/../b"),))), f"{FIELD}[0].secret.items.path", "[a/../b]"),
        (template(SecretVolume("s", (SecretItem("1", "a"), SecretItem("2", "a")))), f"{FIELD}[0].secret.items.path",
         "[a] is there twice"),
        (template(EmptyDir(), mounts=(("x", "/a"),)), f"{MOUNTS}.name", "no volume [x] to mount; there are [v0]"),
        (template(mounts=(("x", "/a"),)), f"{MOUNTS}.name", "There is no volume [x] to mount."),
        (template(EmptyDir(), mounts=(("v0", "a"),)), f"{MOUNTS}.mountPath", "Invalid mount path [a]"),
        (template(EmptyDir(), mounts=(("v0", "/"),)), f"{MOUNTS}.mountPath", "Invalid mount path [/]"),
        (template(EmptyDir(), mounts=(("v0", "/a:b"),)), f"{MOUNTS}.mountPath", "Invalid mount path [/a:b]"),
        (template(EmptyDir(), mounts=(("v0", "/dev/shm"),)), f"{MOUNTS}.mountPath", "at or under /dev, /proc, /sys"),
        (template(EmptyDir(), mounts=(("v0", "/proc"),)), f"{MOUNTS}.mountPath", "[/proc]"),
        (template(EmptyDir(), mounts=(("v0", "/a"), ("v0", "/a/"))), f"{MOUNTS}.mountPath", "[/a] and [/a]"),
        (template(EmptyDir(), mounts=(("v0", "/a/b"), ("v0", "/a"))), f"{MOUNTS}.mountPath", "[/a/b] and [/a]"),
        (template(SQL, mounts=(("v0", "/sql"),)), f"{MOUNTS}.mountPath", "Cloud SQL is nowhere else"),
        (template(EmptyDir(), mounts=(("v0", "/cloudsql"),)), f"{MOUNTS}.mountPath", "/cloudsql is for Cloud SQL"),
    ],
)  # fmt: skip
def test_volumes_are_refused_with_field_value_and_rule(refused: RevisionTemplate, field: str, says: str) -> None:
    with pytest.raises(InvalidArgument) as error:
        check_volumes(refused)
    assert says in error.value.message
    assert error.value.field == field


def test_two_volumes_have_two_names() -> None:
    twice = RevisionTemplate((Container(HELLO),), volumes=(Volume("v", EmptyDir()), Volume("v", EmptyDir())))
    with pytest.raises(InvalidArgument, match=r"Two volumes are called \[v\]"):
        check_volumes(twice)
