"""Which instance calls: by its address, also right at its start; and whose network it calls from.

Evidence: documented (Restrict network ingress, for the network); ours."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from cloudrun_cli.core import retries
from cloudrun_cli.core.annotations import VPC_CONNECTOR, VPC_EGRESS
from cloudrun_cli.core.jobs import Cause, Task, TaskState
from cloudrun_cli.daemon.attempts import Attempt
from cloudrun_cli.daemon.callers import Callers
from cloudrun_cli.daemon.members import Member
from cloudrun_cli.runtime.base import Exit, Instance
from tests.builders import NOW, NUMBER, a_revision
from tests.job_builders import an_execution

ADDRESS = "172.18.0.2"


def a_member(name: str, egress: str = "", account: str = "app@demo.iam.gserviceaccount.com") -> Member:
    revision = a_revision()
    annotations = {VPC_CONNECTOR: "c", VPC_EGRESS: egress} if egress else {}
    template = replace(revision.template, annotations=annotations, service_account=account)
    return Member(name, replace(revision, template=template), 0.0)


def an_instance(member: Member, address: str = ADDRESS) -> Instance:
    ref = member.revision.ref
    return Instance(
        member.id,
        ref.project,
        ref.region,
        member.revision.service,
        ref.name,
        f"{address}:8080",
        8080,
        NOW,
        "docker",
        "h",
    )


def an_attempt(name: str, index: int) -> Attempt:
    execution = an_execution(tasks=2)
    task = replace(execution.template.task, service_account="tasker@demo.iam.gserviceaccount.com")
    execution = replace(execution, template=replace(execution.template, task=task))
    news: asyncio.Future[Exit | Cause] = asyncio.get_running_loop().create_future()
    return Attempt(execution, retries.starting(Task(index, TaskState.PENDING, NOW), name, NOW), news)


def a_task_instance(attempt: Attempt) -> Instance:
    ref = attempt.execution.ref
    return Instance(
        attempt.id, ref.project, ref.region, attempt.execution.job, ref.name, ADDRESS, 0, NOW, "docker", "h"
    )


def callers(members: list[Member], folder: Path) -> Callers:
    return Callers(lambda: members, list, lambda project: NUMBER, folder)


async def test_a_container_is_known_by_its_address_and_nobody_else_is(tmp_path: Path) -> None:
    member = a_member("one")
    member.instance = an_instance(member)
    who = callers([member], tmp_path)
    view = await who.view((ADDRESS, 40000))
    assert view is not None
    assert (view.id, view.number, view.account) == ("one", NUMBER, "app@demo.iam.gserviceaccount.com")
    assert await who.view(("172.18.0.3", 40000)) is None


async def test_one_that_asks_while_its_start_is_being_written_down_waits_for_that(tmp_path: Path) -> None:
    member = a_member("starting")
    asked = asyncio.ensure_future(callers([member], tmp_path).view((ADDRESS, 40000)))
    await asyncio.sleep(0.05)
    assert not asked.done()
    member.instance = an_instance(member)
    view = await asyncio.wait_for(asked, 2)
    assert view is not None
    assert view.id == "starting"


async def test_an_address_is_that_of_the_instance_that_had_it_last(tmp_path: Path) -> None:
    before, now = a_member("before"), a_member("now")
    before.instance, now.instance = an_instance(before), an_instance(now)
    view = await callers([before, now], tmp_path).view((ADDRESS, 40000))
    assert view is not None
    assert view.id == "now"
    now.gone.set()
    before.gone.set()
    assert callers([before, now], tmp_path).network_of(ADDRESS) is None


async def test_a_task_is_known_by_the_network_that_the_one_before_has_left_it(tmp_path: Path) -> None:
    before, now = an_attempt("before", 0), an_attempt("now", 1)
    before.instance = a_task_instance(before)
    who = Callers(list, lambda: [before, now], lambda project: NUMBER, tmp_path)
    view = await who.view((ADDRESS, 40000))
    assert view is not None
    assert (view.id, view.project, view.account) == ("before", "demo", "tasker@demo.iam.gserviceaccount.com")
    before.tell(Cause.CANCELLED)
    asked = asyncio.ensure_future(who.view((ADDRESS, 40000)))  # the next one asks before its start is written down
    await asyncio.sleep(0.05)
    assert not asked.done()
    now.instance = a_task_instance(now)
    view = await asyncio.wait_for(asked, 2)
    assert view is not None
    assert view.id == "now"


@pytest.mark.parametrize(
    ("egress", "project"), [("all-traffic", "demo"), ("all", "demo"), ("private-ranges-only", None), ("", None)]
)
def test_only_who_sends_everything_through_the_projects_network_calls_from_it(
    egress: str, project: str | None, tmp_path: Path
) -> None:
    member = a_member("one", egress)
    member.instance = an_instance(member)
    assert callers([member], tmp_path).network_of(ADDRESS) == project
