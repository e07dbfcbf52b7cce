"""What a flag asks of the secrets of a container: as variables, and as files in volumes.

A key that begins with `/` is a file, any other a variable; a value is `SECRET:VERSION`, SECRET being a name or, for
another project, `projects/NUMBER/secrets/NAME`, which v1 knows by an alias. Source: gcloud run deploy, --set-secrets;
Configure secrets for services.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from cloudrun_cli.core.annotations import SECRET_ALIASES
from cloudrun_cli.core.container_changes import find, on_container, other_type
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Container, EnvVar, RevisionTemplate
from cloudrun_cli.core.volumes import SecretItem, SecretKey, SecretVolume, Volume, VolumeMount

FIELD = "--update-secrets"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,255}")
_ELSEWHERE = re.compile(r"projects/([^/]+)/secrets/([a-zA-Z0-9_-]{1,255})")
_VERSION = re.compile(r"latest|[1-9][0-9]*|[a-zA-Z][a-zA-Z0-9_-]{0,62}")


class SecretFile(NamedTuple):
    """Where a secret is seen as a file: the folder that is mounted, and the path inside of it."""

    folder: str
    path: str


@dataclass(frozen=True, slots=True)
class SecretsChange:
    """Change secrets: first all go when `clear`, then those in `remove`, then `update` is laid over. Keys as typed.
    Raises InvalidArgument for a name, version or path that cannot be, and for a variable that is plain text."""

    update: Mapping[str, SecretKey] = field(default_factory=dict)
    remove: Sequence[str] = ()
    clear: bool = False
    container: str = ""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        mounted = _mounted_volumes(template)
        template = on_container(template, self.container, self._variables)
        gone = {secret_file(key) for key in self.remove if key.startswith("/")}
        for file in gone if not self.clear else _files(template, self.container):
            template = _without_file(template, self.container, file)
        for key, wanted in self.update.items():
            template, name = _aliased(template, wanted.secret)
            if key.startswith("/"):
                template = _with_file(template, self.container, secret_file(key), replace(wanted, secret=name))
            else:
                known = replace(wanted, secret=name)
                template = on_container(template, self.container, partial(_with_variable, name=key, key=known))
        return _tidy(template, mounted)

    def _variables(self, container: Container) -> Container:
        kept = (v for v in container.env if not v.secret or not (self.clear or v.name in self.remove))
        return replace(container, env=tuple(kept))


def secret_key(name: str, text: str) -> SecretKey:
    """The version that `SECRET:VERSION` names, for the variable or file `name`. Raises InvalidArgument."""
    secret, colon, version = text.rpartition(":")
    if not colon:
        raise InvalidArgument(
            f"No secret version specified for {name}. Use {name}:latest to reference the latest version.",
            field=FIELD,
        )
    if not (_NAME.fullmatch(secret) or _ELSEWHERE.fullmatch(secret)):
        raise InvalidArgument(
            f"Invalid secret [{secret}] for {name}: a secret's name has letters, digits, '-' and '_', at most 255; one "
            "of another project reads projects/NUMBER/secrets/NAME.",
            field=FIELD,
        )
    if not _VERSION.fullmatch(version):
        raise InvalidArgument(
            f"Invalid version [{version}] of secret [{secret}] for {name}: it is latest, a number, or an alias.",
            field=FIELD,
        )
    return SecretKey(secret, version)


def secret_file(key: str) -> SecretFile:
    """Where `/folder/file`, or `/folder:/file`, is. Raises InvalidArgument when that is no place for a secret."""
    folder, colon, path = key.partition(":")
    if not colon:
        folder, _, path = key.rpartition("/")
    path = path.strip("/")
    folder = folder.rstrip("/")
    if not folder or not path:
        raise InvalidArgument(
            f"Invalid secret path [{key}]: it reads /FOLDER/FILE, or /FOLDER:/FILE, and FOLDER is not the root.",
            field=FIELD,
        )
    return SecretFile(folder, path)


def _with_variable(container: Container, name: str, key: SecretKey) -> Container:
    there = {v.name: v for v in container.env}
    if name in there and not there[name].secret:
        raise other_type(name)
    new = EnvVar(name, secret=key)
    if name in there:
        return replace(container, env=tuple(new if v.name == name else v for v in container.env))
    return replace(container, env=(*container.env, new))


def _files(template: RevisionTemplate, container: str) -> set[SecretFile]:
    """Every secret that the container sees as a file."""
    volumes = {v.name: v.source for v in template.volumes if isinstance(v.source, SecretVolume)}
    mounts = find(template, container).mounts
    return {SecretFile(m.path, i.path) for m in mounts if m.volume in volumes for i in volumes[m.volume].items}


def _without_file(template: RevisionTemplate, container: str, file: SecretFile) -> RevisionTemplate:
    """The template without that file; the mount goes with its last file."""
    mount, source = _mounted(template, container, file.folder)
    if mount is None or source is None:
        return template
    items = tuple(item for item in source.items if item.path != file.path)
    template = _with_volume(template, Volume(mount.volume, replace(source, items=items)))
    if items:
        return template
    return on_container(
        template, container, lambda c: replace(c, mounts=tuple(m for m in c.mounts if m.path != file.folder))
    )


def _with_file(template: RevisionTemplate, container: str, file: SecretFile, key: SecretKey) -> RevisionTemplate:
    """The template with that file, in the volume that is mounted there already or in a new one."""
    mount, source = _mounted(template, container, file.folder)
    others = tuple(item for item in source.items if item.path != file.path) if source else ()
    if source and source.secret != key.secret and others:
        raise InvalidArgument(
            f"[{file.folder}] already holds files of the secret [{source.secret}]; a folder holds those of one, so "
            f"[{key.secret}] must go elsewhere.",
            field=FIELD,
        )
    taken = next((m for m in find(template, container).mounts if m.path == file.folder), None)
    if taken is not None and source is None:
        raise InvalidArgument(
            f"[{file.folder}] already shows the volume [{taken.volume}], which is not a secret.", field=FIELD
        )
    name = mount.volume if mount else _volume_name(key.secret, file.folder)
    kept = source if source and source.secret == key.secret else SecretVolume(key.secret)
    items = (*others, SecretItem(key.version, file.path))
    template = _with_volume(template, Volume(name, replace(kept, items=items)))
    if mount:
        return template
    return on_container(template, container, lambda c: replace(c, mounts=(*c.mounts, VolumeMount(name, file.folder))))


def _mounted(
    template: RevisionTemplate, container: str, folder: str
) -> tuple[VolumeMount, SecretVolume] | tuple[None, None]:
    """The secret volume that the container sees at a folder."""
    volumes = {v.name: v.source for v in template.volumes}
    for mount in find(template, container).mounts:
        source = volumes.get(mount.volume)
        if mount.path.rstrip("/") == folder and isinstance(source, SecretVolume):
            return mount, source
    return None, None


def _with_volume(template: RevisionTemplate, volume: Volume) -> RevisionTemplate:
    if any(v.name == volume.name for v in template.volumes):
        return replace(template, volumes=tuple(volume if v.name == volume.name else v for v in template.volumes))
    return replace(template, volumes=(*template.volumes, volume))


def _volume_name(secret: str, folder: str) -> str:
    """As gcloud makes them, `SECRET-abc-def`, but the same for the same folder."""
    digest = hashlib.sha256(f"{secret}\n{folder}".encode()).hexdigest()
    letters = digest.translate(str.maketrans("0123456789", "ghijklmnop"))
    word = re.sub(r"[^a-z0-9-]", "-", secret.lower()).strip("-")[:50].strip("-") or "secret"
    return f"{word}-{letters[:3]}-{letters[3:6]}"


def _aliased(template: RevisionTemplate, secret: str) -> tuple[RevisionTemplate, str]:
    """The name that v1 knows a secret by: an alias for one of another project."""
    if not _ELSEWHERE.fullmatch(secret):
        return template, secret
    aliases = secret_aliases(template)
    for alias, full in aliases.items():
        if full == secret:
            return template, alias
    alias = f"secret-{hashlib.sha256(secret.encode()).hexdigest()[:12]}"
    return _with_aliases(template, {**aliases, alias: secret}), alias


def _tidy(template: RevisionTemplate, mounted_before: set[str]) -> RevisionTemplate:
    """Without secret volumes that lost their last mount, and without aliases that nobody uses."""
    lost = mounted_before - _mounted_volumes(template)
    kept = (v for v in template.volumes if v.name not in lost or not isinstance(v.source, SecretVolume))
    template = replace(template, volumes=tuple(kept))
    used = {v.source.secret for v in template.volumes if isinstance(v.source, SecretVolume)}
    used |= {v.secret.secret for c in template.containers for v in c.env if v.secret}
    return _with_aliases(template, {alias: full for alias, full in secret_aliases(template).items() if alias in used})


def _mounted_volumes(template: RevisionTemplate) -> set[str]:
    return {mount.volume for container in template.containers for mount in container.mounts}


def secret_aliases(template: RevisionTemplate) -> dict[str, str]:
    """The full names of secrets of other projects, by what the template calls them."""
    pairs = (item.partition(":") for item in template.annotations.get(SECRET_ALIASES, "").split(",") if item)
    return {alias: full for alias, _, full in pairs}


def _with_aliases(template: RevisionTemplate, aliases: Mapping[str, str]) -> RevisionTemplate:
    others = {key: value for key, value in template.annotations.items() if key != SECRET_ALIASES}
    if not aliases:
        return replace(template, annotations=others)
    text = ",".join(f"{alias}:{full}" for alias, full in sorted(aliases.items()))
    return replace(template, annotations={**others, SECRET_ALIASES: text})
