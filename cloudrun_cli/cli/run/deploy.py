"""`cloudrun run deploy`: from an image or from source to a URL."""

import os
import sys
from typing import Annotated, Any

from cloudrun_cli.cli.command import Group, flag, positional, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.run import template_flags as template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.controlplane.services import Deployed, Rollout
    from cloudrun_cli.core.resources import Service, ServiceRef
    from cloudrun_cli.output.progress import StagedProgress

run = Group("run")

Image = Annotated[str | None, flag("--image", "Name of the container image to deploy.")]
Source = Annotated[str | None, flag("--source", "Folder of source to build and deploy.", names="folders")]
BaseImage = Annotated[str | None, flag("--base-image", "Image that a source without a Dockerfile is built on.")]


@run.command(
    "deploy",
    format="none",
    exclusive=[template.ENV_FLAGS],
    examples=[
        "cloudrun run deploy hello --image=us-docker.pkg.dev/cloudrun/container/hello --allow-unauthenticated",
        "cloudrun run deploy hello --source=.",
        "cloudrun run deploy hello --source=. --no-traffic --tag=green",
    ],
)
def deploy(
    service: Annotated[str | None, positional("SERVICE", "The service to deploy.", names="services")] = None,
    image: Image = None,
    source: Source = None,
    base_image: BaseImage = None,
    region: Annotated[
        str | None, flag("--region", "The region of the service.", names="regions", property="run/region")
    ] = None,
    port: template.Port = None,
    command: template.Command = None,
    args: template.Args = None,
    set_env_vars: template.SetEnv = None,
    update_env_vars: template.UpdateEnv = None,
    remove_env_vars: template.RemoveEnv = None,
    clear_env_vars: template.ClearEnv = False,
    env_vars_file: template.EnvFile = None,
    cpu: template.Cpu = None,
    memory: template.Memory = None,
    concurrency: template.Concurrency = None,
    timeout: template.Timeout = None,
    min_instances: template.MinInstances = None,
    max_instances: template.MaxInstances = None,
    min: template.Min = None,
    max: template.Max = None,
    allow_unauthenticated: Annotated[
        bool | None, switch("--allow-unauthenticated", "Whether anybody may call the service.")
    ] = None,
    no_traffic: Annotated[bool, switch("--no-traffic", "Leave the traffic where it is.", negatable=False)] = False,
    tag: Annotated[str | None, flag("--tag", "Tag of the new revision, with an address of its own.")] = None,
    revision_suffix: Annotated[
        str | None, flag("--revision-suffix", "End of the new revision's name, instead of a made one.")
    ] = None,
    labels: template.Labels = None,
    service_account: template.ServiceAccount = None,
    async_: Annotated[bool, switch("--async", "Return at once; the deploy goes on.")] = False,
) -> dict[str, Any] | None:
    """Deploy a container image, or a folder of source, as a new revision of a service."""
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.resources import ServiceRef

    present = context()
    source = _source(image, source)
    ref = ServiceRef(present.project, present.region, _name(service, source))
    rollout = verbs.Rollout(no_traffic, tag, revision_suffix, _public(present, ref, allow_unauthenticated))
    deployed = _deploy(present, ref, image, source, base_image, rollout, async_)
    if async_:
        present.tell(f"Service [{ref.name}] is deploying asynchronously.")
        return _shown(present, deployed.service)
    now = verbs.get(present.store, ref)
    _tell(present, deployed, now, rollout)
    return _shown(present, now)


def _source(image: str | None, source: str | None) -> str | None:
    """The source folder, if that is what to deploy. Raises InvalidArgument for neither and for both."""
    from cloudrun_cli.core.errors import InvalidArgument

    if image and source:
        raise InvalidArgument(
            f"Invalid value for [--image]: with --source, the built image is named by itself; received: {image}",
            field="--image",
            hint="Leave one of --image and --source out.",
        )
    if image or source:
        return source
    present = context()
    if present.quiet or not sys.stdin.isatty():
        raise InvalidArgument(
            "Missing required argument [--image]: Requires a container image to deploy (e.g. "
            "`gcr.io/cloudrun/hello:latest`) if no build source is provided.",
            field="--image",
        )
    from cloudrun_cli.output.prompts import ask_text

    question = "Deploying from source. To deploy a container use [--image]. Source code location"
    return ask_text(question, os.getcwd(), quiet=False, err=present.err, stdin=sys.stdin)


def _name(service: str | None, source: str | None) -> str:
    from cloudrun_cli.core.errors import InvalidArgument
    from cloudrun_cli.core.names import check_service_name

    if service:
        return check_service_name(service)
    present = context()
    if present.quiet or not sys.stdin.isatty():
        raise InvalidArgument(
            "Error parsing [service].\nThe [service] resource is not properly specified.\n"
            "Failed to find attribute [service]. The attribute can be set in the following ways: \n"
            "- provide the argument `SERVICE` on the command line\n"
            "- specify the service name from an interactive prompt",
            field="SERVICE",
        )
    from cloudrun_cli.output.prompts import ask_text

    folder = os.path.basename(os.path.abspath(source)) if source else "service"
    default = "".join(c if c.isalnum() else "-" for c in folder.lower()).strip("-") or "service"
    return check_service_name(ask_text("Service name", default, quiet=False, err=present.err, stdin=sys.stdin))


def _public(present: Context, ref: "ServiceRef", asked: bool | None) -> bool | None:
    """Whether anybody may call it; None leaves that as it is. Asked of the user for a new service, as gcloud does."""
    from cloudrun_cli.controlplane import services as verbs

    if asked is not None or present.quiet or not sys.stdin.isatty() or verbs.find(present.store, ref):
        return asked
    from cloudrun_cli.output.prompts import ask_yes

    prompt = f"Allow unauthenticated invocations to [{ref.name}]"
    return ask_yes("", False, quiet=False, err=present.err, stdin=sys.stdin, prompt=prompt)


def _deploy(
    present: Context,
    ref: "ServiceRef",
    image: str | None,
    source: str | None,
    base_image: str | None,
    rollout: "Rollout",
    async_: bool,
) -> "Deployed":
    """Everything between the question and the answer, told as it happens."""
    from cloudrun_cli.cli.run import following
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.changes import ImageChange
    from cloudrun_cli.output.progress import StagedProgress

    changes = template.changes(present.values)
    new = verbs.find(present.store, ref) is None
    kind = _kind_of(source)
    where = f"Cloud Run service [{ref.name}] in project [{ref.project}] region [{ref.region}]"
    how = f"Building using {kind} and deploying container" if source else "Deploying container"
    present.tell(f"{how} to {where}")
    what = "Building and deploying" if source else "Deploying"
    stages = [*following.SOURCE_STAGES, *following.STAGES] if source else following.STAGES
    present.wake()
    if async_ and not source:
        return _save(present, ref, [ImageChange(image or ""), *changes], rollout)
    title = f"{what} new service..." if new else f"{what}..."
    interactive = present.talks and sys.stderr.isatty()
    with StagedProgress(title, stages, stream=present.err, interactive=interactive) as progress:
        if source:
            image = _build(present, ref, source, base_image, changes, rollout, progress)
        made = _save(present, ref, [ImageChange(image or ""), *changes], rollout)
        if not async_:
            try:
                following.rollout(present.store, present.home, made, progress)
            except KeyboardInterrupt:
                progress.detail(
                    f"Revision [{made.revision.ref.name}] is saved and goes on starting without you; see how it went: "
                    f"cloudrun run services describe {ref.name}"
                )
                raise
    return made


def _build(
    present: Context,
    ref: "ServiceRef",
    source: str,
    base_image: str | None,
    changes: list[Any],
    rollout: "Rollout",
    progress: "StagedProgress",
) -> str:
    """The digest of the image that the source becomes."""
    import shutil
    import uuid
    from dataclasses import replace
    from pathlib import Path

    from cloudrun_cli.cli.run import following
    from cloudrun_cli.controlplane import builds
    from cloudrun_cli.controlplane.uploads import upload
    from cloudrun_cli.core.changes import ImageChange

    progress.start(following.VALIDATE)
    name = builds.source_image(ref.project, ref.region, ref.name)
    _save(present, ref, [ImageChange(name), *changes], replace(rollout, validate_only=True))
    progress.done(following.VALIDATE)
    progress.start(following.UPLOAD)
    build_id = str(uuid.uuid4())
    copy = Path(present.home) / "sources" / build_id
    try:
        sent = upload(Path(source), copy)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    progress.done(following.UPLOAD)
    for link in sent.outside:
        present.warn(f"The link [{link}] leads out of the source and was left out.")
    builds.submit(
        present.store,
        build_id,
        project=ref.project,
        region=ref.region,
        service=ref.name,
        source=str(copy),
        base_image=base_image or "",
        now=present.now(),
    )
    present.ring()
    try:
        digest, notes = following.build(present.store, present.home, build_id, progress)
    except BaseException:  # also when the emulator went away: nobody would wait for the build any more
        builds.cancel(present.store, build_id)
        present.ring()
        raise
    for note in notes:
        progress.detail(note)
    return digest


def _save(present: Context, ref: "ServiceRef", changes: list[Any], rollout: "Rollout") -> "Deployed":
    from cloudrun_cli.controlplane import services as verbs

    deployed = verbs.deploy(
        present.store,
        ref,
        changes,
        rollout=rollout,
        caller=present.account,
        now=present.now(),
        random=present.random,
    )
    if not rollout.validate_only:
        present.ring()
    return deployed


def _tell(present: Context, deployed: "Deployed", service: "Service", rollout: "Rollout") -> None:
    """What came of it, on stderr."""
    from cloudrun_cli.core.addresses import host, urls
    from cloudrun_cli.store import projects, revisions

    name, ref, edge = deployed.revision.ref.name, service.ref, present.edge
    number = projects.number(present.store, ref.project) or ""
    percent = sum(t.percent for t in service.status.traffic if t.revision == name)
    made = revisions.get(present.store, deployed.revision.ref)
    if made is not None and made.status.note:
        present.tell(made.status.note)
    present.tell(
        f"Service [{ref.name}] revision [{name}] has been deployed and is serving {percent} percent of traffic."
    )
    addresses = urls(ref.name, number, ref.region, service.door, edge)
    if percent:
        present.tell(f"Service URL: {addresses[0]}")
        present.tell(f"Own port:    {addresses[-1]}")
        if not deployed.public:
            present.tell("It is private: callers get 403 until it is deployed with --allow-unauthenticated.")
    elif not rollout.no_traffic:
        present.tell(
            "Its traffic was pinned by an earlier --no-traffic, so new revisions get none until it is moved; "
            "a --tag gives this one an address of its own."
        )
    tags = [t.tag for t in service.traffic if t.tag and t.revision == name]
    for tag in tags:
        url = f"http://{host(ref.name, number, ref.region, tag)}:{edge.http_port}"
        present.tell(f"The revision can be reached directly at {url}")


def _shown(present: Context, service: "Service") -> dict[str, Any]:
    from cloudrun_cli.core.addresses import located
    from cloudrun_cli.core.wire.v1 import service_to_json
    from cloudrun_cli.store import projects

    number = projects.number(present.store, service.ref.project) or ""
    return located(service_to_json(service, number), service.door, present.edge)


def _kind_of(source: str | None) -> str:
    return "Dockerfile" if source and os.path.exists(os.path.join(source, "Dockerfile")) else "Buildpacks"
