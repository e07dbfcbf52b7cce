"""Which service or job is meant, and where: said on the command line, or asked for on a terminal."""

import os
import sys
from collections.abc import Callable

from cloudrun_cli.cli.context import Context


def service_name(present: Context, given: str | None, source: str | None = None) -> str:
    """The name, as a service may have it; asked for where it was left out, with the source folder's as the default.
    Raises InvalidArgument."""
    from cloudrun_cli.core.names import check_service_name

    return check_service_name(given or _asked(present, "service", source))


def job_name(present: Context, given: str | None, source: str | None = None) -> str:
    """The same of a job."""
    from cloudrun_cli.core.names import check_job_name

    return check_job_name(given or _asked(present, "job", source))


def _asked(present: Context, kind: str, source: str | None) -> str:
    """The name that is typed when it is asked for."""
    if not present.can_ask:
        from cloudrun_cli.core.errors import InvalidArgument

        raise InvalidArgument(
            f"Error parsing [{kind}].\nThe [{kind}] resource is not properly specified.\n"
            f"Failed to find attribute [{kind}]. The attribute can be set in the following ways: \n"
            f"- provide the argument `{kind.upper()}` on the command line\n"
            f"- specify the {kind} name from an interactive prompt",
            field=kind.upper(),
        )
    from cloudrun_cli.output.prompts import ask_text

    default = None
    if source:
        folder = os.path.basename(os.path.abspath(source))
        default = "".join(c if c.isalnum() else "-" for c in folder.lower()).strip("-") or kind
    return ask_text(f"{kind.capitalize()} name", default, quiet=False, err=present.err, stdin=sys.stdin)


def region_of(present: Context, service: str) -> str:
    """The region in force for a service. Raises Aborted, InvalidArgument."""
    from cloudrun_cli.controlplane import services
    from cloudrun_cli.core.resources import ServiceRef

    ref = ServiceRef(present.project, present.region, service)
    return chosen_region(present, lambda: services.find(present.store, ref) is not None)


def region_of_job(present: Context, job: str) -> str:
    """The same for a job."""
    from cloudrun_cli.controlplane import jobs
    from cloudrun_cli.core.jobs import JobRef

    ref = JobRef(present.project, present.region, job)
    return chosen_region(present, lambda: jobs.find(present.store, ref) is not None)


def chosen_region(present: Context, is_there: Callable[[], bool]) -> str:
    """The region in force. On a terminal that of what is not there yet is asked for where none was ever chosen; an
    empty line takes the default. Raises Aborted, InvalidArgument."""
    from cloudrun_cli.core.names import check_region

    if not present.can_ask or present.settings.resolve("run/region").source != "default":
        return check_region(present.region)
    if is_there():
        return present.region
    from cloudrun_cli.cli.complaints import command_line
    from cloudrun_cli.core.errors import Aborted
    from cloudrun_cli.core.regions import REGIONS
    from cloudrun_cli.output.prompts import ask_choice

    usual = REGIONS.index(present.region)
    question = f"Please specify a region; an empty line takes {present.region}:"
    chosen = ask_choice(question, REGIONS, usual, quiet=False, err=present.err, stdin=sys.stdin)
    if chosen is None:
        raise Aborted("Aborted by user.")
    default = command_line(f"config set run/region {REGIONS[chosen]}")
    present.tell(f"To make this the default region, run: {default}\n")
    return REGIONS[chosen]
