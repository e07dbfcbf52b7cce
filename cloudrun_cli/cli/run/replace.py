"""`cloudrun run services replace`: services from files, as Knative and `describe --format=export` write them."""

import sys
from typing import Annotated, Any, NamedTuple

from cloudrun_cli.cli.command import build, declared, flag, positional, switch
from cloudrun_cli.cli.complaints import Misuse
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.run.services import Namespace, Region, services

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.controlplane.replacing import Replaced
    from cloudrun_cli.core.documents import Wanted


class YamlFile(NamedTuple):
    """A file that could be read as YAML, with its documents."""

    path: str
    documents: list[Any]


FILE = Annotated[
    str | None, positional("FILE", "YAML file with one service or several; - reads standard input.", names="files")
]


@services.command(
    "replace",
    format="none",
    examples=[
        "cloudrun run services replace service.yaml",
        "cloudrun run services replace service.yaml --dry-run",
        "cloudrun run services replace - --region=europe-west1",
    ],
)
def replace(
    file: FILE = None,
    region: Region = None,
    namespace: Namespace = None,
    async_: Annotated[bool, switch("--async", "Return at once; the deploy goes on.")] = False,
    dry_run: Annotated[bool, switch("--dry-run", "Say what would be wrong, and change nothing.")] = False,
    client_name: Annotated[str | None, flag("--client-name", "Name of the client.", hidden=True)] = None,
    client_version: Annotated[str | None, flag("--client-version", "Version of the client.", hidden=True)] = None,
) -> Any:
    """Create services from a YAML file, or make those there are what it says. Either all of its services are applied,
    or none."""
    from cloudrun_cli.cli.run import outcomes
    from cloudrun_cli.controlplane import replacing

    present = context()
    documents = _read(yaml_file(present, "run services replace", file, "service"))
    if not dry_run:
        present.wake()
    else:
        for wanted in documents:
            present.tell(f"Validating new configuration for {_place(present, wanted)}")
    made = replacing.replace_all(
        present.store,
        present.project,
        present.region,
        documents,
        caller=present.account,
        now=present.now(),
        random=present.random,
        client=client(client_name, client_version),
        validate_only=dry_run,
    )
    if dry_run:
        for wanted in documents:
            present.tell(f"New configuration has been validated for service [{wanted.name}].")
        return _shown(present, made)
    present.ring()
    for wanted, replaced in zip(documents, made, strict=True):
        present.tell(f"Applying new configuration to {_place(present, wanted)}")
        if async_:
            present.tell(f"New configuration for [{wanted.name}] is being applied asynchronously.")
            continue
        _follow(present, replaced)
        if note := _note(present, replaced):
            present.tell(note)
        present.tell(f"New configuration has been applied to service [{wanted.name}].")
        present.tell(f"URL: {_url(present, replaced)}")
        if _gets_nothing(present, replaced):
            outcomes.tell_pinned(present, replaced.service.ref)
    return _shown(present, made)


def client(name: str | None, version: str | None) -> dict[str, str]:
    """The annotations that name the program that asks: this one, or the one that asks through it."""
    from cloudrun_cli.core.annotations import CLIENT_NAME, CLIENT_VERSION
    from cloudrun_cli.core.stamping import CLIENT

    said = {CLIENT_NAME: name, CLIENT_VERSION: version}
    return {**CLIENT, **{key: value for key, value in said.items() if value}}


def _place(present: Context, wanted: "Wanted") -> str:
    return f"Cloud Run service [{wanted.name}] in project [{present.project}] region [{present.region}]"


def yaml_file(present: Context, command: str, given: str | None, kind: str) -> YamlFile:
    """What the file of a command holds, times as the text they are; on a terminal it is asked for where it was left
    out, by the `kind` of thing it holds. Raises Misuse when there is none, or no YAML that can be read."""
    if given is None:
        if not present.can_ask:
            raise _misuse(present, command, "Must be specified.")
        from cloudrun_cli.output.prompts import ask_text

        question = f"YAML file of the {kind}"
        given = ask_text(question, f"{kind}.yaml", quiet=False, err=sys.stderr, stdin=sys.stdin)
    return _load(present, command, given)


def _load(present: Context, command: str, path: str) -> YamlFile:
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # one of two, by what is built
        """Times stay the text they are."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in Loader.yaml_implicit_resolvers.items()
    }
    try:
        if path == "-":
            text = sys.stdin.read()
        else:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        return YamlFile(path, [document for document in yaml.load_all(text, Loader=Loader) if document is not None])
    except (OSError, UnicodeDecodeError) as error:
        problem = f"Unable to read file [{path}]: {error}"
    except yaml.YAMLError as error:
        problem = str(error)
    raise _misuse(present, command, f"Failed to load YAML from [{path}]: {problem}")


def _misuse(present: Context, command: str, problem: str) -> Misuse:
    found = declared(command)
    assert found is not None
    return Misuse(present.path, f"argument FILE: {problem}", build(found, present.path).usage())


def _read(file: YamlFile) -> "list[Wanted]":
    """What the documents of a file ask for. Raises InvalidArgument."""
    from cloudrun_cli.core import documents
    from cloudrun_cli.core.errors import InvalidArgument

    path, found = file
    if not found:
        raise InvalidArgument(f"There is no service in [{path}].", field="FILE")
    wanted = []
    for number, document in enumerate(found, start=1):
        try:
            wanted.append(documents.read(document))
        except InvalidArgument as error:
            if len(found) == 1:
                raise
            message = f"Document {number} of [{path}]: {error.message}"
            raise InvalidArgument(message, field=error.field, hint=error.hint) from error
    return wanted


def _follow(present: Context, replaced: "Replaced") -> None:
    """Until it serves as asked, with its stages as they happen. Raises what went wrong."""
    from cloudrun_cli.cli.run import following
    from cloudrun_cli.output.progress import StagedProgress

    if not replaced.changed:
        return
    title = "Deploying new service..." if replaced.created else "Deploying..."
    interactive = present.draws
    stages = (following.REVISION, "Creating Revision"), (following.TRAFFIC, "Routing traffic")
    with StagedProgress(title, stages, stream=present.err, interactive=interactive) as progress:
        following.change(present.store, present.home, replaced.service, replaced.revision, progress)


def _note(present: Context, replaced: "Replaced") -> str:
    """What is to be known of the new revision's images and of what its instances do not get; empty without news."""
    from cloudrun_cli.store import revisions

    made = revisions.get(present.store, replaced.revision.ref) if replaced.revision else None
    return made.status.note if made else ""


def _gets_nothing(present: Context, replaced: "Replaced") -> bool:
    """Whether a new revision serves nobody, neither by a share nor by a tag."""
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.traffic import addressable

    made, service = replaced.revision, verbs.find(present.store, replaced.service.ref)
    return made is not None and service is not None and made.ref.name not in addressable(service.status.traffic)


def _url(present: Context, replaced: "Replaced") -> str:
    import json

    from cloudrun_cli.core.addresses import URLS

    urls = json.loads(_body(present, replaced)["metadata"]["annotations"][URLS])
    return str(urls[0])


def _body(present: Context, replaced: "Replaced") -> dict[str, Any]:
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.addresses import located
    from cloudrun_cli.core.wire.v1 import service_to_json
    from cloudrun_cli.store import projects

    service = verbs.find(present.store, replaced.service.ref) or replaced.service
    number = projects.number(present.store, service.ref.project) or ""
    return located(service_to_json(service, number), service.door, present.edge)


def _shown(present: Context, made: "list[Replaced]") -> Any:
    """The services as they are now; nothing is printed of them unless a format is asked for."""
    if present.format is None:
        return None
    bodies = [_body(present, replaced) for replaced in made]
    return bodies[0] if len(bodies) == 1 else bodies
