"""`cloudrun run jobs replace`: jobs from a file, as `describe --format=export` writes them."""

from typing import TYPE_CHECKING, Annotated, Any

from cloudrun_cli.cli.command import flag, positional, switch
from cloudrun_cli.cli.context import Context, context
from cloudrun_cli.cli.run.jobs.jobs import Region, jobs

if TYPE_CHECKING:
    from cloudrun_cli.controlplane.job_replacing import Replaced
    from cloudrun_cli.core.job_documents import WantedJob

FILE = Annotated[
    str | None, positional("FILE", "YAML file with one job or several; - is standard input.", names="files")
]


@jobs.command(
    "replace",
    format="none",
    examples=["cloudrun run jobs replace job.yaml", "cloudrun run jobs replace - --region=europe-west1"],
)
def replace(
    file: FILE = None,
    region: Region = None,
    async_: Annotated[bool, switch("--async", "Return at once.")] = False,
    client_name: Annotated[str | None, flag("--client-name", "Name of the client.", hidden=True)] = None,
    client_version: Annotated[str | None, flag("--client-version", "Version of the client.", hidden=True)] = None,
) -> Any:
    """Create jobs from a YAML file, or make those there are what it says. Either all of its jobs are applied, or
    none."""
    from cloudrun_cli.cli.run.jobs import writing
    from cloudrun_cli.cli.run.jobs.bodies import job_body
    from cloudrun_cli.cli.run.replace import client, yaml_file
    from cloudrun_cli.controlplane import job_replacing
    from cloudrun_cli.controlplane import jobs as verbs
    from cloudrun_cli.core.jobs import JobRef
    from cloudrun_cli.output.progress import StagedProgress

    present = context()
    documents = _read(*yaml_file(present, "run jobs replace", file, "job"))
    refs = [JobRef(present.project, present.region, wanted.name) for wanted in documents]
    doing = ["Updating" if verbs.find(present.store, ref) else "Creating" for ref in refs]
    for ref, verb in zip(refs, doing, strict=True):
        present.tell(f"{verb} {writing.place(ref)}")

    def apply() -> "list[Replaced]":
        return job_replacing.replace_all(
            present.store,
            present.project,
            present.region,
            documents,
            caller=present.account,
            now=present.now(),
            random=present.random,
            client=client(client_name, client_version),
        )

    if async_:
        made = apply()
    else:
        title = f"{doing[0]} job..." if len(refs) == 1 else "Applying jobs..."
        interactive = present.draws
        with StagedProgress(title, (), stream=present.err, interactive=interactive, failure_word=writing.FAILED):
            made = apply()
    if any(replaced.execution for replaced in made):
        present.wake()
    present.ring()
    for replaced in made:
        _tell(present, replaced, async_=async_)
    for ref in refs:
        writing.tell_how_to_execute(present, ref)
    if present.format is None:
        return None
    bodies = [job_body(present, replaced.job) for replaced in made]
    return bodies[0] if len(bodies) == 1 else bodies


def _tell(present: Context, replaced: "Replaced", *, async_: bool) -> None:
    name, done = replaced.job.ref.name, "created" if replaced.created else "updated"
    if async_:
        present.tell(f"Job [{name}] is being {done} asynchronously.")
    else:
        present.tell(f"Job [{name}] has been successfully {done}.")
    if replaced.execution is not None:
        present.tell(f"Execution [{replaced.execution.ref.name}] is being started asynchronously.")


def _read(path: str, found: list[Any]) -> "list[WantedJob]":
    """What the documents of a file ask for. Raises InvalidArgument."""
    from cloudrun_cli.core import job_documents
    from cloudrun_cli.core.errors import InvalidArgument

    if not found:
        raise InvalidArgument(f"There is no job in [{path}].", field="FILE")
    wanted = []
    for number, document in enumerate(found, start=1):
        try:
            wanted.append(job_documents.read(document))
        except InvalidArgument as error:
            if len(found) == 1:
                raise
            message = f"Document {number} of [{path}]: {error.message}"
            raise InvalidArgument(message, field=error.field, hint=error.hint) from error
    return wanted
