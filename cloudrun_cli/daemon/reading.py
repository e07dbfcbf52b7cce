"""Reads what instances say, and hands it to the desk."""

import asyncio
import logging

from cloudrun_cli.core import logs
from cloudrun_cli.core.errors import CloudRunError
from cloudrun_cli.daemon.logdesk import LogDesk
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.runtime.base import Runtime

READ_OUT = 2.0  # seconds for the last lines of one that has ended

log = logging.getLogger(__name__)


async def read(member: Member, runtime: Runtime, desk: LogDesk) -> None:
    """Its log lines, from its start (or from where the last daemon stopped) to its end."""
    assert member.instance is not None
    service = member.revision.service_ref
    after = desk.last_cursor(service, member.id)
    try:
        async for line in runtime.logs(member.instance, after=after):
            member.heard(line.container, line.text)
            desk.add(
                service,
                logs.from_line(
                    member.revision.ref,
                    service.name,
                    member.id,
                    line.stream,
                    line.text,
                    line.at,
                    line.cursor,
                    line.container if member.has_several else "",
                ),
            )
    except CloudRunError as error:
        log.warning("The log of %s broke off: %s", member.id, error.message)


async def finish(member: Member) -> None:
    """Returns when its last lines were read, or could not be in time."""
    if member.reader is None:
        return
    done, _ = await asyncio.wait([member.reader], timeout=READ_OUT)
    if not done:
        member.reader.cancel()
