"""How the source of a container is built."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, clearing, toggle, value
from cloudrun_cli.cli.parsing import DictOf, ListOf

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

BUILT_HERE = "builds run on this machine, as you"

FLAGS = (
    value("--source", "Folder of source to build and deploy.", names="folders", each=True),
    value("--base-image", "Image that a source without a Dockerfile is built on.", each=True),
    clearing("--clear-base-image", "Build on the usual image again.", each=True),
    toggle(
        "--automatic-updates",
        "Keep the base image up to date.",
        each=True,
        recorded="an image stays as it was built until the next deploy",
    ),
    value(
        "--function",
        "Serve this function of the source, with the Functions Framework.",
        each=True,
    ),
    value(
        "--set-build-env-vars",
        "Variables of the build, instead of all there are.",
        DictOf(repeatable=True),
        metavar="KEY=VALUE",
        each=True,
    ),
    value(
        "--update-build-env-vars",
        "Variables of the build to add or change.",
        DictOf(repeatable=True),
        metavar="KEY=VALUE",
        each=True,
    ),
    value(
        "--remove-build-env-vars",
        "Variables of the build to remove, before others are updated.",
        ListOf(repeatable=True),
        metavar="KEY",
        each=True,
    ),
    clearing("--clear-build-env-vars", "Remove all variables of the build.", each=True),
    value(
        "--build-env-vars-file",
        "YAML (or .env) file of variables of the build, instead of all there are.",
        metavar="FILE_PATH",
        names="files",
        each=True,
    ),
    value("--build-service-account", "The account that builds.", each=True, recorded=BUILT_HERE),
    clearing("--clear-build-service-account", "Build as the usual account again.", each=True),
    value("--build-worker-pool", "The pool of machines that builds.", each=True, recorded=BUILT_HERE),
    clearing("--clear-build-worker-pool", "Build on the usual machines again.", each=True),
)
EXCLUSIVE = (
    ("--base-image", "--clear-base-image"),
    ("--build-service-account", "--clear-build-service-account"),
    ("--build-worker-pool", "--clear-build-worker-pool"),
    (
        "--build-env-vars-file",
        "--clear-build-env-vars",
        "--set-build-env-vars",
        ("--remove-build-env-vars", "--update-build-env-vars"),
    ),
    ("--command", "--function"),
)


def _each(values: Values, _container: str) -> "list[Change]":
    from cloudrun_cli.cli.run.flags.env import read_env_file
    from cloudrun_cli.core import build_changes as ask
    from cloudrun_cli.core.changes import ServiceAnnotationsChange

    out: list[Change] = []
    annotations: dict[str, str | None] = {}
    for name, key in (
        ("base_image", ask.BASE_IMAGE),
        ("build_service_account", ask.SERVICE_ACCOUNT),
        ("build_worker_pool", ask.WORKER_POOL),
    ):
        if values[f"clear_{name}"]:
            annotations[key] = None
        elif values[name] is not None:
            annotations[key] = values[name] or None
    if values["function"] is not None:
        annotations[ask.FUNCTION] = values["function"] or None
    if values["automatic_updates"] is not None:
        annotations[ask.AUTOMATIC_UPDATES] = str(values["automatic_updates"]).lower()
    if annotations:
        out.append(ServiceAnnotationsChange(annotations))
    replacing = values["set_build_env_vars"]
    if values["build_env_vars_file"] is not None:
        replacing = read_env_file(values["build_env_vars_file"], "--build-env-vars-file")
    if replacing is not None or values["clear_build_env_vars"]:
        out.append(ask.BuildEnvChange(replacing or {}, clear=True))
    elif values["update_build_env_vars"] or values["remove_build_env_vars"]:
        out.append(
            ask.BuildEnvChange(values["update_build_env_vars"] or {}, tuple(values["remove_build_env_vars"] or ()))
        )
    return out


FAMILY = Family(FLAGS, EXCLUSIVE, each=_each)
