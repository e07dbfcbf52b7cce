"""How v2 names secrets: those of other projects in full, where v1 has an alias and an annotation for it.

Source: v2, SecretKeySelector.secret; v1, annotation run.googleapis.com/secrets.
"""

from collections.abc import Mapping

from cloudrun_cli.core.annotations import SECRET_ALIASES


def aliases(annotations: Mapping[str, str]) -> dict[str, str]:
    """What each alias stands for: `projects/NUMBER/secrets/NAME`."""
    pairs = (entry.partition(":") for entry in annotations.get(SECRET_ALIASES, "").split(",") if entry)
    return {alias.strip(): name.strip() for alias, _, name in pairs}


class Aliases:
    """Aliases for secrets named in full, made while a template is read: NAME-NUMBER."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def named(self, secret: str) -> str:
        """The name to use in v1."""
        if not secret.startswith("projects/"):
            return secret
        parts = secret.split("/")
        alias = f"{parts[-1]}-{parts[1]}"
        self._known[alias] = secret
        return alias

    @property
    def annotation(self) -> dict[str, str]:
        """The annotation that says what they stand for; empty without any."""
        text = ",".join(f"{alias}:{name}" for alias, name in self._known.items())
        return {SECRET_ALIASES: text} if text else {}
