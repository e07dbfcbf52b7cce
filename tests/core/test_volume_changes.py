"""Volumes as KEY=VALUE pairs. Evidence: documented (gcloud run deploy, --add-volume; Configure volume mounts)."""

import pytest

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Container, RevisionTemplate
from cloudrun_cli.core.volume_changes import VolumesChange, volumes
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


def pairs(text: str) -> dict[str, str]:
    return dict(item.split("=", 1) for item in text.split(","))


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("type=in-memory", EmptyDir()),
        ("type=in-memory,size-limit=64Mi", EmptyDir("64Mi")),
        ("type=ephemeral-disk,size=10Gi", EmptyDir("10Gi", "Disk")),
        ("type=cloud-storage,bucket=b", Bucket("b")),
        (
            "type=cloud-storage,bucket=b,readonly=true,mount-options=implicit-dirs;uid=1001",
            Bucket("b", True, "implicit-dirs,uid=1001"),
        ),
        ("type=nfs,location=10.0.0.2:/data", Nfs("10.0.0.2", "/data")),
        ("type=nfs,location=h:/,readonly=TRUE", Nfs("h", "/", True)),
        ("type=secret,secret=s,version=2,path=a/b", SecretVolume("s", (SecretItem("2", "a/b"),))),
        ("type=cloudsql,instances=p:r:a;p:r:b", CloudSql(("p:r:a", "p:r:b"))),
    ],
)
def test_every_type_has_its_keys(text: str, source: VolumeSource) -> None:
    assert volumes([{"name": "v", **pairs(text)}]) == (Volume("v", source),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("type=tape", "[tape] is not a type of volume; there are [cloud-storage, cloudsql, ephemeral-disk, in-memory,"),
        ("type=in-memory,size=1Gi", "type [in-memory] has no [size]; it has [name, size-limit, type]"),
        ("type=cloud-storage", "type [cloud-storage] needs [bucket]"),
        ("type=cloud-storage,bucket=b,readonly=yes", "[readonly] is true or false; received: yes"),
        ("type=nfs", "type [nfs] needs [location]"),
        ("type=nfs,location=/data", "[/data] is not the location of an NFS folder: it reads SERVER:/PATH"),
        ("type=secret,secret=s", "type [secret] needs [version, path]"),
        ("type=secret,secret=s,version=x y,path=p", "Invalid version [x y]"),
        ("type=cloudsql", "type [cloudsql] needs [instances]"),
    ],
)
def test_a_volume_that_cannot_be_is_refused_with_what_it_may_have(text: str, says: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        volumes([pairs(text)])
    assert says in refused.value.message


def test_a_volume_without_a_name_gets_one_that_is_free() -> None:
    made = volumes([{"type": "in-memory"}, {"type": "in-memory"}, {"type": "in-memory", "name": "in-memory-1"}])
    assert [v.name for v in made] == ["in-memory-2", "in-memory-3", "in-memory-1"]


A, B = Volume("a", EmptyDir()), Volume("b", EmptyDir())
BEFORE = RevisionTemplate((Container("i", mounts=(VolumeMount("a", "/a"), VolumeMount("b", "/b"))),), volumes=(A, B))


@pytest.mark.parametrize(
    ("change", "left", "mounts"),
    [
        (VolumesChange((Volume("c", EmptyDir()),)), ["a", "b", "c"], ["/a", "/b"]),
        (VolumesChange(remove=("a",)), ["b"], ["/b"]),
        (VolumesChange(clear=True), [], []),
        (VolumesChange((Volume("c", EmptyDir()),), clear=True), ["c"], []),
    ],
)
def test_a_volume_goes_with_its_mounts(change: VolumesChange, left: list[str], mounts: list[str]) -> None:
    after = change.apply(BEFORE)
    assert [v.name for v in after.volumes] == left
    assert [m.path for m in after.containers[0].mounts] == mounts


def test_a_volume_of_the_same_name_takes_the_place_of_the_old_one_and_stays_mounted() -> None:
    new = Volume("a", EmptyDir("64Mi"))
    after = VolumesChange((new,)).apply(BEFORE)
    assert after.volumes == (new, B)
    assert after.containers == BEFORE.containers
