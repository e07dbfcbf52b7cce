"""Which versions of which secrets a template asks for, and where its containers see them.

Source: Configure secrets for services; Admin API v1, SecretVolumeSource.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cloudrun_cli.core.resources import Container, RevisionTemplate
from cloudrun_cli.core.secret_changes import secret_aliases
from cloudrun_cli.core.secrets import LATEST
from cloudrun_cli.core.volumes import SecretVolume

DEFAULT_MODE = 0o444  # Source: v2, SecretVolumeSource.defaultMode
UMASK = 0o222  # nobody writes to a secret. Source: v2, VersionToPath.mode


@dataclass(frozen=True, slots=True)
class SecretUse:
    """A version, as asked for, of a secret of a project (by id or number), as a variable or a file called `name`."""

    project: str
    secret: str
    version: str
    name: str
    mode: int = DEFAULT_MODE

    @property
    def resource(self) -> str:
        """The full name of the secret."""
        return f"projects/{self.project}/secrets/{self.secret}"


def variables(template: RevisionTemplate, container: Container, project: str) -> list[SecretUse]:
    """The variables of a container that are secret."""
    return [
        SecretUse(*_secret(template, variable.secret.secret, project), variable.secret.version, variable.name)
        for variable in container.env
        if variable.secret is not None
    ]


def files(template: RevisionTemplate, source: SecretVolume, project: str) -> list[SecretUse]:
    """The files of a volume, by their paths in it; one without items has its secret's newest version under the
    secret's name."""
    where = _secret(template, source.secret, project)
    mode = DEFAULT_MODE if source.mode is None else source.mode
    if not source.items:
        return [SecretUse(*where, LATEST, where[1], mode & ~UMASK)]
    return [
        SecretUse(*where, item.key, item.path, (mode if item.mode is None else item.mode) & ~UMASK)
        for item in source.items
    ]


def volumes(template: RevisionTemplate, project: str) -> dict[str, list[SecretUse]]:
    """The files of every secret volume that a container mounts, by the volume's name."""
    mounted = {mount.volume for container in template.containers for mount in container.mounts}
    return {
        volume.name: files(template, volume.source, project)
        for volume in template.volumes
        if isinstance(volume.source, SecretVolume) and volume.name in mounted
    }


def everything(template: RevisionTemplate, project: str) -> Iterator[SecretUse]:
    """Every version that is asked for, each once."""
    seen: set[tuple[str, str]] = set()
    found = [use for container in template.containers for use in variables(template, container, project)]
    found += [use for uses in volumes(template, project).values() for use in uses]
    for use in found:
        if (key := (use.resource, use.version)) not in seen:
            seen.add(key)
            yield use


def _secret(template: RevisionTemplate, name: str, project: str) -> tuple[str, str]:
    """Project and name: those behind an alias, or the name in the template's own project."""
    full = secret_aliases(template).get(name)
    if full is None:
        return project, name
    words = full.split("/")
    return (words[1], words[3]) if len(words) == 4 else (project, name)
