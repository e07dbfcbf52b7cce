"""Tasks and their attempts in the store: a few columns each, by the uid of their execution."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from cloudrun_cli.core.jobs import FINAL, Attempt, AttemptPhase, Cause, Counts, Task, TaskState
from cloudrun_cli.store.database import Store

_COLUMNS = (
    "idx, state, retries, created, started, completed, attempt, instance, phase, attempt_started, attempt_ended, "
    "cause, exit_code, term_signal, code, message, extra"
)
_SELECT = f"SELECT {_COLUMNS} FROM tasks"
_INSERT = f"INSERT INTO tasks (execution, {_COLUMNS}) VALUES (?{', ?' * 17})"
_UPDATE = (
    "UPDATE tasks SET state = ?, retries = ?, created = ?, started = ?, completed = ?, attempt = ?, instance = ?, "
    "phase = ?, attempt_started = ?, attempt_ended = ?, cause = ?, exit_code = ?, term_signal = ?, code = ?, "
    "message = ?, extra = ? WHERE execution = ? AND idx = ?"
)
_ENDED = "INSERT OR IGNORE INTO attempts VALUES (?,?,?,?,?,?,?,?,?,?,?)"


def insert_pending(store: Store, uid: str, count: int, now: datetime) -> None:
    """Save that many new tasks of an execution."""
    at = now.isoformat()
    store.write_many(
        "INSERT INTO tasks (execution, idx, state, created) VALUES (?, ?, 'Pending', ?)",
        ((uid, index, at) for index in range(count)),
    )


def insert(store: Store, uid: str, tasks: Iterable[Task]) -> None:
    """Save tasks as they are, with their last attempts."""
    kept = list(tasks)
    store.write_many(_INSERT, ((uid, task.index, *_values(task)) for task in kept))
    _keep_attempts(store, uid, kept)


def save(store: Store, uid: str, tasks: Iterable[Task]) -> None:
    """Save how tasks are now; an attempt that has ended is kept for good. One that is there no longer is let go."""
    kept = list(tasks)
    store.write_many(_UPDATE, ((*_values(task), uid, task.index) for task in kept))
    _keep_attempts(store, uid, kept)


def get(store: Store, uid: str, index: int) -> Task | None:
    """The task, or None."""
    row = store.one(f"{_SELECT} WHERE execution = ? AND idx = ?", uid, index)
    return _task(row) if row else None


def page(
    store: Store,
    uid: str,
    states: Sequence[TaskState] | None = None,
    limit: int | None = None,
    after: int = -1,
) -> list[Task]:
    """The tasks of an execution in the order of their indices, from the one after `after`; only those in one of the
    states, and no more than `limit`."""
    narrowed = "" if states is None else f" AND state IN ({', '.join('?' * len(states))})"
    rows = store.read(
        f"{_SELECT} WHERE execution = ? AND idx > ?{narrowed} ORDER BY idx LIMIT ?",
        uid,
        after,
        *(str(state) for state in states or ()),
        -1 if limit is None else limit,
    )
    return [_task(row) for row in rows]


def running(store: Store, uid: str) -> list[Task]:
    """The tasks that have an attempt which goes on, or was about to begin."""
    return page(store, uid, (TaskState.RUNNING,))


def pending(store: Store, uid: str, limit: int) -> list[int]:
    """The indices of the first tasks that wait for an attempt."""
    rows = store.read(
        "SELECT idx FROM tasks INDEXED BY tasks_by_state WHERE execution = ? AND state = 'Pending' "
        "ORDER BY idx LIMIT ?",
        uid,
        limit,
    )
    return [index for (index,) in rows]


def counts(store: Store, uid: str) -> Counts:
    """How many tasks of an execution are in which state; an index answers."""
    rows = store.read(
        "SELECT state, count(*), sum(retries > 0) FROM tasks INDEXED BY tasks_by_state WHERE execution = ? "
        "GROUP BY state",
        uid,
    )
    found = {state.lower(): count for state, count, _ in rows}
    return Counts(**found, retried=sum(retried for _, _, retried in rows))


def first_failed(store: Store, uid: str) -> Task | None:
    """The failed task with the lowest index, if any has failed."""
    found = page(store, uid, (TaskState.FAILED,), limit=1)
    return found[0] if found else None


def finish_pending(store: Store, uid: str, state: TaskState, now: datetime) -> int:
    """Make every task that waits for an attempt one that has ended without it; how many there were."""
    assert state in FINAL
    return store.write(
        "UPDATE tasks SET state = ?, completed = ? WHERE execution = ? AND state = 'Pending'",
        str(state),
        now.isoformat(),
        uid,
    )


def attempts(store: Store, uid: str, index: int) -> list[Attempt]:
    """The attempts of a task that have ended, in their order."""
    rows = store.read(
        "SELECT number, instance, 'ended', started, ended, cause, exit_code, term_signal, code, message FROM attempts "
        "WHERE execution = ? AND idx = ? ORDER BY number",
        uid,
        index,
    )
    return [_attempt(row) for row in rows]


def _keep_attempts(store: Store, uid: str, tasks: list[Task]) -> None:
    rows = (
        (
            uid,
            task.index,
            a.number,
            a.instance,
            a.started.isoformat(),
            a.ended.isoformat(),
            str(a.cause),
            a.exit_code,
            a.term_signal,
            a.code,
            a.message,
        )
        for task in tasks
        if (a := task.attempt) is not None and a.phase is AttemptPhase.ENDED and a.ended is not None
    )
    store.write_many(_ENDED, rows)


def _values(task: Task) -> tuple[Any, ...]:
    """The columns after `idx`."""
    a = task.attempt
    tried: tuple[Any, ...] = (None,) * 10
    if a is not None:
        ended = a.ended.isoformat() if a.ended else None
        cause = str(a.cause) if a.cause else None
        tried = (a.number, a.instance, str(a.phase), a.started.isoformat(), ended, cause)
        tried = (*tried, a.exit_code, a.term_signal, a.code, a.message)
    return (
        str(task.state),
        task.retries,
        task.created.isoformat(),
        task.started.isoformat() if task.started else None,
        task.completed.isoformat() if task.completed else None,
        *tried,
        json.dumps(task.extra, separators=(",", ":")) if task.extra else None,
    )


def _task(row: tuple[Any, ...]) -> Task:
    index, state, retries, created, started, completed = row[:6]
    return Task(
        index=index,
        state=TaskState(state),
        created=datetime.fromisoformat(created),
        attempt=_attempt(row[6:16]) if row[6] is not None else None,
        retries=retries,
        started=_moment(started),
        completed=_moment(completed),
        extra=json.loads(row[16]) if row[16] else {},
    )


def _attempt(row: tuple[Any, ...]) -> Attempt:
    number, instance, phase, started, ended, cause, exit_code, signal, code, message = row
    return Attempt(
        number=number,
        instance=instance,
        phase=AttemptPhase(phase),
        started=datetime.fromisoformat(started),
        ended=_moment(ended),
        cause=Cause(cause) if cause else None,
        exit_code=exit_code,
        term_signal=signal,
        code=code,
        message=message,
    )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
