"""Who rings at the daemon's door is heard here; and now and then it looks by itself."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Iterator
from typing import Protocol

from cloudrun_cli.daemon.doorbell import bell_path

LOOK_SECONDS = 30.0  # the store is looked at this often even when nobody rings


class Look(Protocol):
    """Compares the store with what is; `whole`: also what nobody told of."""

    def __call__(self, *, whole: bool = False) -> None: ...


@contextlib.contextmanager
def bell(home: str) -> Iterator[socket.socket]:
    """The socket that is rung at."""
    path = bell_path(home)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bell:
        bell.setblocking(False)
        bell.bind(path)
        os.chmod(path, 0o600)
        yield bell


async def until_stopped(bell: socket.socket, stop: asyncio.Event, look: Look) -> None:
    """Look whenever somebody rings, and at everything now and then."""
    loop = asyncio.get_running_loop()
    rung = asyncio.Event()

    def hear() -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                bell.recv(64)
        rung.set()

    loop.add_reader(bell, hear)
    stopping = loop.create_task(stop.wait())
    while not stop.is_set():
        ringing = loop.create_task(rung.wait())
        await asyncio.wait({ringing, stopping}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        ringing.cancel()
        nobody_rang = not rung.is_set()
        rung.clear()
        if not stop.is_set():
            look(whole=nobody_rang)
    loop.remove_reader(bell)
