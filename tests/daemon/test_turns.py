"""Turns: only so many at once, and fair between services. Evidence: ours."""

import asyncio

from cloudrun_cli.daemon.turns import Turns


class Stage:
    """Who is in, in which order they came in, and a door that lets the first of them go."""

    def __init__(self, at_once: int) -> None:
        self.turns = Turns(at_once)
        self.order: list[str] = []
        self.inside: dict[str, asyncio.Event] = {}
        self.most = 0

    async def visit(self, service: str, name: str) -> None:
        async with self.turns.of(service):
            self.order.append(name)
            self.inside[name] = asyncio.Event()
            self.most = max(self.most, len(self.inside))
            await self.inside[name].wait()
            del self.inside[name]

    async def let_all_go(self) -> None:
        while self.inside:
            next(iter(self.inside.values())).set()
            for _ in range(5):
                await asyncio.sleep(0)


async def test_so_many_are_in_at_once_and_a_service_with_one_does_not_wait_for_all_of_another() -> None:
    stage = Stage(2)
    async with asyncio.TaskGroup() as group:
        for number in range(6):
            group.create_task(stage.visit("big", f"big-{number}"))
        for service in ("small", "tiny"):
            group.create_task(stage.visit(service, service))
        await asyncio.sleep(0.01)
        await stage.let_all_go()
    assert stage.most == 2
    assert stage.order == ["big-0", "big-1", "big-2", "small", "tiny", "big-3", "big-4", "big-5"]


async def test_who_gives_up_waiting_or_breaks_inside_takes_no_turn_along() -> None:
    stage = Stage(1)
    first = asyncio.create_task(stage.visit("a", "first"))
    gone = asyncio.create_task(stage.visit("a", "gone"))
    last = asyncio.create_task(stage.visit("a", "last"))
    await asyncio.sleep(0)
    gone.cancel()
    first.cancel()
    await asyncio.sleep(0.01)
    assert stage.order == ["first", "last"]
    await asyncio.gather(first, gone, return_exceptions=True)
    stage.inside["last"].set()
    await last
    async with stage.turns.of("b"):
        pass


async def test_one_that_was_let_in_at_the_moment_of_its_giving_up_passes_its_turn_on() -> None:
    stage = Stage(1)
    first = asyncio.create_task(stage.visit("a", "first"))
    both = [asyncio.create_task(stage.visit("a", name)) for name in ("second", "third")]
    await asyncio.sleep(0)
    stage.inside["first"].set()
    await first  # the second has its turn now, and has not heard of it yet
    both[0].cancel()
    await asyncio.sleep(0.01)
    assert stage.order[-1] == "third"
    stage.inside["third"].set()
    await both[1]
