"""Secrets for instances: variables, read once when an instance starts; and folders of files, kept as they are now.

A folder is one of this machine, mounted by every instance of a revision; its files are replaced under whoever reads
them, and what cannot be read now is not there. The folders are in memory where the system has room for that, and only
we can reach them.
"""

import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol, Self

from cloudrun_cli.controlplane import authorization
from cloudrun_cli.controlplane import secrets as verbs
from cloudrun_cli.controlplane.secrets import Accessed
from cloudrun_cli.controlplane.vault import Vault
from cloudrun_cli.core import secret_uses, sidecars
from cloudrun_cli.core.errors import CloudRunError, PermissionDenied, SecretsRefused
from cloudrun_cli.core.identity import member_of
from cloudrun_cli.core.jobs import Execution, ExecutionRef
from cloudrun_cli.core.resources import RevisionTemplate
from cloudrun_cli.core.secret_uses import SecretUse
from cloudrun_cli.core.secrets import ACCESS, ACCESSOR
from cloudrun_cli.daemon.secret_folders import Place, SecretFolders
from cloudrun_cli.store import journal, projects
from cloudrun_cli.store.database import Store

log = logging.getLogger(__name__)

_NEVER_ABOUT_SECRETS = {"Service", "Revision", "DomainMapping"}  # kinds of entries in the journal


@dataclass(frozen=True, slots=True)
class Given:
    """What an instance is given: the values of variables by container and name, and the folder of each volume."""

    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    folders: Mapping[str, str] = field(default_factory=dict)


NOTHING = Given()


class Asking(Protocol):
    """What asks for secrets with its template: a revision, say."""

    @property
    def ref(self) -> Place: ...
    @property
    def template(self) -> RevisionTemplate: ...


@dataclass(frozen=True, slots=True)
class TaskSecrets:
    """An execution, as it asks for the secrets of its tasks."""

    ref: ExecutionRef
    template: RevisionTemplate

    @classmethod
    def of(cls, execution: Execution) -> Self:
        """What its tasks ask for."""
        return cls(execution.ref, execution.template.task)


class Secrets:
    """Reads secrets as the service accounts of revisions and of the executions of jobs, and keeps the folders of
    those that run."""

    def __init__(self, home: str, store: Store, vault: Vault, now: Callable[[], datetime]) -> None:
        self._store, self._vault, self._now = store, vault, now
        self._folders = SecretFolders(home)
        self._mounted: dict[Place, Asking] = {}
        self._written: dict[Path, dict[str, tuple[str, int]]] = {}  # by folder: path → version and mode
        self._unread: set[tuple[Place, str]] = set()  # what was said once
        self._last = 0  # of the journal's entries, the last that was heeded

    def check(self, revision: Asking) -> None:
        """Nothing when its service account can read all that it asks for. Raises SecretsRefused, naming each."""
        refused = []
        for use in secret_uses.everything(revision.template, revision.ref.project):
            try:
                self._read(revision, use)
            except CloudRunError as error:
                refused.append(error)
        if refused:
            hints = dict.fromkeys(error.hint for error in refused if error.hint)
            raise SecretsRefused(" ".join(error.message for error in refused), hint="\n".join(hints) or None)

    def given(self, revision: Asking) -> Given:
        """What an instance that starts now is given. Raises SecretsRefused for a variable that cannot be read; a file
        that cannot be is not there."""
        project, template = revision.ref.project, revision.template
        values = {
            name: {use.name: self._value(revision, use) for use in secret_uses.variables(template, container, project)}
            for name, container in sidecars.named(template).items()
        }
        return Given(values, self.mount(revision))

    def mount(self, revision: Asking) -> dict[str, str]:
        """The folder of each of its volumes, from now on kept as they should be."""
        wanted = secret_uses.volumes(revision.template, revision.ref.project)
        if not wanted:
            return {}
        if revision.ref not in self._mounted:
            if not self._mounted:
                self._last = journal.last(self._store)
            self._mounted[revision.ref] = revision
            self._keep(revision)
        return {volume: str(self._folders.of(revision.ref, volume)) for volume in wanted}

    def unmount(self, ref: Place) -> None:
        """Nothing of the revision runs any more."""
        if self._mounted.pop(ref, None) is not None:
            folder = self._folders.of(ref)
            self._written = {place: kept for place, kept in self._written.items() if folder not in place.parents}
            self._unread = {said for said in self._unread if said[0] != ref}
            shutil.rmtree(folder, ignore_errors=True)

    def look(self, *, whole: bool = False) -> None:
        """Bring the folders up to date where the journal tells of something that may concern them, or `whole`, and do
        then what was put off."""
        if whole:
            verbs.sweep(self._store, now=self._now())
        if not self._mounted:
            return
        entries = journal.since(self._store, self._last)
        if entries:
            self._last = entries[-1].id
        if whole or any(entry.kind not in _NEVER_ABOUT_SECRETS for entry in entries):
            for revision in self._mounted.values():
                self._keep(revision)

    def forget_others(self) -> None:
        """Remove the folders of revisions that do not run, which an earlier daemon has left."""
        self._folders.remove_all(but=self._mounted)

    def close(self) -> None:
        """Remove every folder."""
        self._mounted.clear()
        self._folders.close()

    def _keep(self, revision: Asking) -> None:
        for volume, uses in secret_uses.volumes(revision.template, revision.ref.project).items():
            folder = self._folders.of(revision.ref, volume)
            found = dict(self._readable(revision, uses))
            kept = {path: (one.name, mode) for path, (one, mode) in found.items()}
            if self._written.get(folder) == kept:
                continue
            try:
                files = {path: (one.payload.content, mode) for path, (one, mode) in found.items()}
                self._folders.write(revision.ref, volume, files)
            except OSError as error:
                log.warning("The secrets of %s cannot be written: %s", revision.ref.name, error)
            else:
                self._written[folder] = kept

    def _readable(self, revision: Asking, uses: Iterable[SecretUse]) -> Iterable[tuple[str, tuple[Accessed, int]]]:
        for use in uses:
            said = (revision.ref, use.name)
            try:
                yield use.name, (self._read(revision, use), use.mode)
                self._unread.discard(said)
            except CloudRunError as error:
                if said not in self._unread:
                    self._unread.add(said)
                    log.warning("The secret file %s of %s is not there: %s", use.name, revision.ref.name, error.message)

    def _value(self, revision: Asking, use: SecretUse) -> str:
        try:
            content = self._read(revision, use).payload.content
        except CloudRunError as error:
            raise SecretsRefused(error.message, hint=error.hint) from error
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:  # nor may the cause be told: it holds what is secret
            raise SecretsRefused(
                f"The version [{use.version}] of secret [{use.secret}] is no text, so it cannot be the variable "
                f"[{use.name}].",
                hint=f"Mount it as a file: --update-secrets=/FOLDER/FILE={use.secret}:{use.version}",
            ) from None
        return text

    def _read(self, revision: Asking, use: SecretUse) -> Accessed:
        """The version as the revision's service account reads it. Raises CloudRunError."""
        known = projects.get(self._store, use.project)
        project, number = (known.id, known.number) if known else (use.project, use.project)
        account = revision.template.service_account
        shown = f"projects/{number}/secrets/{use.secret}"
        if not authorization.decide(
            self._store, member_of(account), ACCESS, f"projects/{project}/secrets/{use.secret}"
        ):
            raise PermissionDenied(
                f"Permission denied on secret: {shown}/versions/{use.version} for Revision service account {account}. "
                "The service account used must be granted the 'Secret Manager Secret Accessor' role "
                f"({ACCESSOR}) at the secret, project or higher level.",
                hint=f"Grant it: cloudrun secrets add-iam-policy-binding {use.secret} --project={project} "
                f"--member={member_of(account)} --role={ACCESSOR}",
            )
        return verbs.access(
            self._store, self._vault, project, use.secret, use.version, caller=member_of(account), now=self._now()
        )
