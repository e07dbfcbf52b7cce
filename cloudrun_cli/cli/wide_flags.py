"""The flags that every command takes, as click options; `cli/app.py` has their names, to find the command among them.

Those of credentials, billing and tracing can mean nothing on one machine. They are taken, so that scripts run as they
are, and said to be without effect. Source: gcloud help, gcloud topic flags-file.
"""

from collections.abc import Mapping
from typing import Any

import click

from cloudrun_cli.cli.parsing import DictOf, Duration, Kind, ListOf
from cloudrun_cli.core.errors import InvalidArgument

VERBOSITIES = ("debug", "info", "warning", "error", "critical", "none")
FLAGS_FILE = "--flags-file"
WIDE_PREFIX = "wide_"  # of the parameter names of these flags
WITHOUT_EFFECT = (
    *("--access-token-file", "--authority-selector", "--authorization-token-file", "--billing-project"),
    *("--credential-file-override", "--document", "--http-timeout", "--trace-token"),
    "--universe-domain",
)
NAMES = {
    "--access-token-file": "files",
    "--account": "accounts",
    "--configuration": "configurations",
    FLAGS_FILE: "files",
    "--format": "formats",
    "--impersonate-service-account": "service_accounts",
    "--project": "projects",
}


def wide_flags() -> list[click.Parameter]:
    """The flags, made anew for one command."""
    flatten = ListOf(repeatable=True, unique=False)
    no_use = "Taken as gcloud takes it; without effect here."
    return [
        _value("--access-token-file", no_use),
        _value("--account", "The account that calls are made as.", "core/account"),
        _value("--authority-selector", no_use, hidden=True),
        _value("--authorization-token-file", no_use, hidden=True),
        _value("--billing-project", no_use),
        _value("--configuration", "The configuration to use for this call."),
        _value("--credential-file-override", no_use, hidden=True),
        _value("--document", no_use, metavar="ATTRIBUTES", kind=DictOf(), hidden=True),
        _value(FLAGS_FILE, "Flags and their values from a YAML or JSON file.", metavar="YAML_FILE"),
        _value("--flatten", "Make one row of each item of these keys.", metavar="KEY", kind=flatten),
        _value("--format", "How the answer is printed: yaml, json, csv, table(…), value(…) and more."),
        _value("--http-timeout", no_use, kind=Duration(), hidden=True),
        _value(
            "--impersonate-service-account",
            "The service account to act as, which takes roles/iam.serviceAccountTokenCreator on it.",
            "auth/impersonate_service_account",
            metavar="SERVICE_ACCOUNT_EMAILS",
        ),
        _switch("--log-http/--no-log-http", "Tell what was changed: here no requests are made, but a journal is kept."),
        _value("--project", "The project to work in.", "core/project", metavar="PROJECT_ID"),
        _switch("--quiet", "Answer every question with its default.", "-q"),
        _value("--trace-token", no_use),
        _value("--universe-domain", no_use, hidden=True),
        _switch("--user-output-enabled/--no-user-output-enabled", "Print messages and answers."),
        _value("--verbosity", "How much is told on stderr.", "core/verbosity", kind=Kind(VERBOSITIES)),
    ]


class Managed(Kind):
    """A place where Cloud Run runs: only the managed one is here."""

    def parse(self, text: str) -> str:
        if text != "managed":
            raise InvalidArgument(f"Cloud Run on a cluster of your own is not built here; received: {text}")
        return text


def platform_flags() -> list[click.Parameter]:
    """The flags that old scripts give to every command of `run`: accepted, and hidden as gcloud hides them."""
    clusters = ("--cluster", "--cluster-location", "--context", "--kubeconfig")
    return [
        _value("--platform", "Where Cloud Run runs: managed.", kind=Managed(), hidden=True),
        *(_value(name, "Of a cluster of your own.", kind=Managed(), hidden=True) for name in clusters),
    ]


def without_effect(values: Mapping[str, Any]) -> list[str]:
    """Those of the flags that were given and do nothing, by name."""
    return [name for name in WITHOUT_EFFECT if values.get(variable(name)) is not None]


def variable(name: str) -> str:
    """The parameter name of a flag."""
    return WIDE_PREFIX + name.removeprefix("--").replace("-", "_")


def _value(
    name: str, help: str, property: str = "", *, metavar: str = "", kind: Kind | None = None, hidden: bool = False
) -> click.Option:
    kind = kind or Kind()
    kind.property = property
    kind.names = NAMES.get(name, "")
    return click.Option([name, variable(name)], type=kind, help=help, metavar=metavar or None, hidden=hidden)


def _switch(declaration: str, help: str, *names: str) -> click.Option:
    declared = [declaration, *names, variable(declaration.partition("/")[0])]
    return click.Option(declared, is_flag=True, default=None, help=help)
