"""The v1 object of one service, as `describe` prints it: from the store, with its addresses."""

from typing import Any

from cloudrun_cli.cli.context import context


def service_body(name: str, kind: str = "service") -> dict[str, Any]:
    """The service in the region of this call. Raises PermissionDenied; NotFound, in the words of the
    `kind` that was asked for."""
    from cloudrun_cli.controlplane import services as verbs
    from cloudrun_cli.core.addresses import located
    from cloudrun_cli.core.errors import NotFound
    from cloudrun_cli.core.resources import ServiceRef
    from cloudrun_cli.core.wire.v1 import service_to_json
    from cloudrun_cli.store import projects

    present = context()
    try:
        found = verbs.get(
            present.store,
            ServiceRef(present.project, present.region, name),
            caller=present.account,
            verb=f"{kind}s describe",
        )
    except NotFound as error:
        raise NotFound(error.message.replace("service [", f"{kind} [", 1), hint=error.hint) from None
    number = projects.number(present.store, present.project) or ""
    return located(service_to_json(found, number), found.door, present.edge)
