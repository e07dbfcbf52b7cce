"""What `instances top` draws: the instances and, above them, how many there are of each kind."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cloudrun_cli.output.board import Board, Column, show

STYLES = {"starting": "yellow", "serving": "green", "idle": "cyan", "shutting-down": "magenta", "stopped": "dim"}
COLUMNS = (
    Column("name", "INSTANCE"),
    Column("service", "SERVICE"),
    Column("revision", "REVISION"),
    Column("zone", "REGION-ZONE"),
    Column("state", "STATE", STYLES),
    Column("inFlight", "IN FLIGHT", right=True),
    Column("age", "AGE", right=True),
    Column("reason", "REASON"),
)
FOOT = "q or Ctrl-C ends this."


def watch(look: Callable[[], Sequence[Mapping[str, Any]]], runs: Callable[[], bool], *, every: float) -> None:
    """Draws them until somebody has enough."""
    show(COLUMNS, lambda: board(look(), runs()), sys.stdout, every=every)


def board(rows: Sequence[Mapping[str, Any]], runs: bool) -> Board:
    """What is drawn of these."""
    states = Counter(row["state"] for row in rows)
    in_flight = sum(row["inFlight"] for row in rows)
    counted = ", ".join(f"{states[state]} {state}" for state in STYLES if states[state])
    title = f"{counted or 'No instances'}; {in_flight} request{'' if in_flight == 1 else 's'} in flight."
    cells = [{column.key: str(row[column.key]) for column in COLUMNS} for row in rows]
    return Board(title if runs else "The emulator does not run.", cells, FOOT)
