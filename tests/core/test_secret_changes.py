"""Secrets as variables and as files. Evidence: recorded (deploy-new-secrets), documented (--set-secrets; secrets)."""

from dataclasses import replace

import pytest

from cloudrun_cli.core.annotations import SECRET_ALIASES
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Container, EnvVar, RevisionTemplate
from cloudrun_cli.core.secret_changes import SecretsChange, secret_file, secret_key
from cloudrun_cli.core.volumes import EmptyDir, SecretItem, SecretKey, SecretVolume, Volume, VolumeMount
from tests.builders import HELLO

PLAIN = RevisionTemplate((Container(HELLO, env=(EnvVar("A", "1"),)),))
ELSEWHERE = "projects/123/secrets/shared"


def asked(**pairs: str) -> dict[str, SecretKey]:
    return {name: secret_key(name, text) for name, text in pairs.items()}


def files(template: RevisionTemplate) -> dict[str, tuple[str, str]]:
    """Every file that the first container sees: its path → secret and version."""
    sources = {v.name: v.source for v in template.volumes if isinstance(v.source, SecretVolume)}
    return {
        f"{m.path}/{i.path}": (sources[m.volume].secret, i.key)
        for m in template.containers[0].mounts
        if m.volume in sources
        for i in sources[m.volume].items
    }


def with_file(path: str, text: str, before: RevisionTemplate = PLAIN) -> RevisionTemplate:
    return SecretsChange({path: secret_key(path, text)}).apply(before)


def test_a_variable_takes_the_value_of_a_secret() -> None:
    after = SecretsChange(asked(DB="db-password:latest")).apply(PLAIN)
    assert after.containers[0].env == (EnvVar("A", "1"), EnvVar("DB", secret=SecretKey("db-password", "latest")))
    again = SecretsChange(asked(DB="db-password:2")).apply(after)
    assert again.containers[0].env[1] == EnvVar("DB", secret=SecretKey("db-password", "2"))


def test_a_file_is_a_volume_and_its_mount() -> None:
    after = with_file("/etc/cfg/config.yaml", "app-config:2")
    (volume,) = after.volumes
    assert volume.name.startswith("app-config-")
    assert volume.source == SecretVolume("app-config", (SecretItem("2", "config.yaml"),))
    assert after.containers[0].mounts == (VolumeMount(volume.name, "/etc/cfg"),)
    assert with_file("/etc/cfg/config.yaml", "app-config:2").volumes == after.volumes, "its name is not left to chance"


@pytest.mark.parametrize(
    ("key", "folder", "path"),
    [
        ("/etc/cfg/config.yaml", "/etc/cfg", "config.yaml"),
        ("/etc/cfg:/config.yaml", "/etc/cfg", "config.yaml"),
        ("/etc:/cfg/config.yaml", "/etc", "cfg/config.yaml"),
    ],
)
def test_the_last_part_is_the_file_unless_a_colon_says_otherwise(key: str, folder: str, path: str) -> None:
    assert secret_file(key) == (folder, path)


@pytest.mark.parametrize("key", ["/file", "/", "/etc/cfg/", "/etc:", "/etc:/"])
def test_a_path_without_folder_or_file_is_refused(key: str) -> None:
    with pytest.raises(InvalidArgument, match="Invalid secret path"):
        secret_file(key)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("db-password", "No secret version specified for X. Use X:latest to reference the latest version."),
        ("db password:1", "Invalid secret"),
        ("projects/p/secret/s:1", "Invalid secret"),
        ("s:", "Invalid version []"),
        ("s:0", "Invalid version [0]"),
        ("s:-1", "Invalid version [-1]"),
    ],
)
def test_a_secret_has_a_name_and_a_version(text: str, says: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        secret_key("X", text)
    assert refused.value.message.startswith(says)


def test_files_of_one_secret_share_a_folder_and_those_of_two_do_not() -> None:
    both = with_file("/etc/cfg/b", "conf:2", with_file("/etc/cfg/a", "conf:1"))
    assert files(both) == {"/etc/cfg/a": ("conf", "1"), "/etc/cfg/b": ("conf", "2")}
    assert len(both.volumes) == 1
    with pytest.raises(InvalidArgument, match=r"\[/etc/cfg\] already holds files of the secret \[conf\]"):
        with_file("/etc/cfg/c", "other:1", both)


def test_the_only_file_of_a_folder_may_become_one_of_another_secret() -> None:
    assert files(with_file("/e/a", "two:1", with_file("/e/a", "one:1"))) == {"/e/a": ("two", "1")}


def test_a_folder_that_shows_another_volume_is_not_taken() -> None:
    scratch = replace(
        PLAIN,
        volumes=(Volume("scratch", EmptyDir()),),
        containers=(replace(PLAIN.containers[0], mounts=(VolumeMount("scratch", "/e"),)),),
    )
    with pytest.raises(InvalidArgument, match=r"already shows the volume \[scratch\]"):
        with_file("/e/a", "s:1", scratch)


def test_removing_the_last_file_removes_mount_and_volume() -> None:
    both = with_file("/e/b", "conf:2", with_file("/e/a", "conf:1"))
    one = SecretsChange(remove=("/e/a",)).apply(both)
    assert files(one) == {"/e/b": ("conf", "2")}
    assert SecretsChange(remove=("/e/b",)).apply(one) == PLAIN


def test_clearing_removes_variables_and_files_and_leaves_plain_ones() -> None:
    before = SecretsChange(asked(S="s:1")).apply(with_file("/e/a", "conf:1"))
    assert SecretsChange(clear=True).apply(before) == PLAIN


def test_a_secret_volume_that_was_added_by_itself_stays_until_it_is_removed_by_name() -> None:
    own = Volume("own", SecretVolume("s", (SecretItem("1", "f"),)))
    before = replace(PLAIN, volumes=(own,))
    assert SecretsChange(asked(X="s:1")).apply(before).volumes == (own,)
    assert SecretsChange(clear=True).apply(before).volumes == (own,)


def test_a_secret_of_another_project_is_known_by_an_alias_while_it_is_used() -> None:
    after = SecretsChange(asked(X=f"{ELSEWHERE}:1", Y=f"{ELSEWHERE}:2")).apply(PLAIN)
    alias, _, full = after.annotations[SECRET_ALIASES].partition(":")
    assert full == ELSEWHERE
    assert [v.secret for v in after.containers[0].env[1:]] == [SecretKey(alias, "1"), SecretKey(alias, "2")]
    one = SecretsChange(remove=("X",)).apply(after)
    assert one.annotations == after.annotations
    assert SecretsChange(remove=("Y",)).apply(one) == PLAIN


def test_a_plain_variable_does_not_become_a_secret() -> None:
    with pytest.raises(InvalidArgument, match=r"\[A\] to the given type"):
        SecretsChange(asked(A="s:1")).apply(PLAIN)
