"""Which service is meant, and where: said on the command line, or asked for on a terminal."""

import os
import sys

from cloudrun_cli.cli.context import Context


def service_name(present: Context, given: str | None, source: str | None = None) -> str:
    """The name, as a service may have it; asked for where it was left out, with the source folder's as the default.
    Raises InvalidArgument."""
    from cloudrun_cli.core.errors import InvalidArgument
    from cloudrun_cli.core.names import check_service_name

    if given:
        return check_service_name(given)
    if not present.can_ask:
        raise InvalidArgument(
            "Error parsing [service].\nThe [service] resource is not properly specified.\n"
            "Failed to find attribute [service]. The attribute can be set in the following ways: \n"
            "- provide the argument `SERVICE` on the command line\n"
            "- specify the service name from an interactive prompt",
            field="SERVICE",
        )
    from cloudrun_cli.output.prompts import ask_text

    default = None
    if source:
        folder = os.path.basename(os.path.abspath(source))
        default = "".join(c if c.isalnum() else "-" for c in folder.lower()).strip("-") or "service"
    return check_service_name(ask_text("Service name", default, quiet=False, err=present.err, stdin=sys.stdin))


def region_of(present: Context, service: str) -> str:
    """The region in force. On a terminal that of a new service is asked for where none was ever chosen; an empty line
    takes the default. Raises Aborted, InvalidArgument."""
    from cloudrun_cli.core.names import check_region

    if not present.can_ask or present.settings.resolve("run/region").source != "default":
        return check_region(present.region)
    from cloudrun_cli.cli.complaints import command_line
    from cloudrun_cli.controlplane import services
    from cloudrun_cli.core.errors import Aborted
    from cloudrun_cli.core.regions import REGIONS
    from cloudrun_cli.core.resources import ServiceRef
    from cloudrun_cli.output.prompts import ask_choice

    if services.find(present.store, ServiceRef(present.project, present.region, service)):
        return present.region
    usual = REGIONS.index(present.region)
    question = f"Please specify a region; an empty line takes {present.region}:"
    chosen = ask_choice(question, REGIONS, usual, quiet=False, err=present.err, stdin=sys.stdin)
    if chosen is None:
        raise Aborted("Aborted by user.")
    default = command_line(f"config set run/region {REGIONS[chosen]}")
    present.tell(f"To make this the default region, run: {default}\n")
    return REGIONS[chosen]
