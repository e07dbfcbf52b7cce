"""The verbs of tasks, which only look: what becomes of a task is for the daemon and the rules."""

from cloudrun_cli.controlplane import executions, permits
from cloudrun_cli.core.errors import NotFound
from cloudrun_cli.core.jobs import Attempt, ExecutionRef, Task, task_name
from cloudrun_cli.store import tasks as task_rows
from cloudrun_cli.store.database import Store


def get(store: Store, ref: ExecutionRef, index: int, *, caller: str | None = None) -> Task:
    """One task of an execution; with a caller, if that may see it. Raises NotFound, PermissionDenied."""
    execution = executions.find(store, ref)
    if caller is not None:
        named = f"{executions.resource(ref, execution)}/tasks/{task_name(ref.name, index)}"
        permits.require(store, caller, "tasks describe", named)
    found = task_rows.get(store, execution.uid, index) if execution else None
    if found is None:
        raise NotFound(f"Cannot find task [{task_name(ref.name, index)}].")
    return found


def attempts(store: Store, ref: ExecutionRef, index: int) -> list[Attempt]:
    """The attempts of a task that have ended, in their order. Raises NotFound for an execution that is not there."""
    return task_rows.attempts(store, executions.get(store, ref).uid, index)


def failed(store: Store, ref: ExecutionRef, limit: int) -> list[Task]:
    """The first tasks that have failed, by index. Raises NotFound for an execution that is not there."""
    from cloudrun_cli.core.jobs import TaskState

    return task_rows.page(store, executions.get(store, ref).uid, (TaskState.FAILED,), limit)
