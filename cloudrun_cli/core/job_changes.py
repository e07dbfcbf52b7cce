"""What a flag asks of the tasks of a job as a whole: how many there are, how many run at once, how often they try.

`spread(template)` turns one execution template into the next. What a task runs is changed as a revision
template is (`changes`, `container_changes`, …), and what is around the job as a service is. Source: gcloud run jobs
update.
"""

from dataclasses import dataclass, replace

from cloudrun_cli.core.jobs import ExecutionTemplate


@dataclass(frozen=True, slots=True)
class TasksChange:
    """So many tasks."""

    tasks: int

    def spread(self, template: ExecutionTemplate) -> ExecutionTemplate:
        return replace(template, tasks=self.tasks)


@dataclass(frozen=True, slots=True)
class ParallelismChange:
    """At most so many of them at once; 0: no limit."""

    parallelism: int

    def spread(self, template: ExecutionTemplate) -> ExecutionTemplate:
        return replace(template, parallelism=self.parallelism or None)


@dataclass(frozen=True, slots=True)
class RetriesChange:
    """Each is tried again so often."""

    max_retries: int

    def spread(self, template: ExecutionTemplate) -> ExecutionTemplate:
        return replace(template, max_retries=self.max_retries)
