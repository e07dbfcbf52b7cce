"""The verbs of jobs. Evidence: documented (v1, Job; jobs create, update), recorded (messages), ours (the rest)."""

from datetime import timedelta

import pytest

from cloudrun_cli.controlplane import executions, job_replacing, jobs, listing, policies, projects
from cloudrun_cli.controlplane.jobs import Writing
from cloudrun_cli.core import iam, job_documents
from cloudrun_cli.core.changes import LabelsChange, TimeoutChange
from cloudrun_cli.core.conditions import readiness
from cloudrun_cli.core.container_changes import ImageChange
from cloudrun_cli.core.errors import AlreadyExists, CloudRunError, Conflict, InvalidArgument, NotFound
from cloudrun_cli.core.iam import job_resource
from cloudrun_cli.core.job_changes import ParallelismChange, RetriesChange, TasksChange
from cloudrun_cli.core.jobs import Job
from cloudrun_cli.core.resources import Status
from cloudrun_cli.core.wire.v1_jobs import job_to_json
from cloudrun_cli.store import journal
from cloudrun_cli.store import policies as policy_rows
from cloudrun_cli.store.database import Store
from tests.builders import CALLER, NOW, NUMBER, PROJECT, RECORDINGS, REGION, seeded
from tests.controlplane.verbs import everything
from tests.job_builders import IMAGE, a_job_ref, a_run, claim, create, later, run

JOB = job_resource(PROJECT, REGION, "nightly")

OTHER = "someone@example.com"
recorded = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"NO RECORDINGS at {RECORDINGS}: a file is not read")


@pytest.fixture
def store(store: Store) -> Store:
    """A home in which another one may change jobs, too."""
    projects.settle(store, PROJECT, CALLER, NOW)
    with store.transaction():
        policy = policy_rows.get(store, f"projects/{PROJECT}")
        policy_rows.put(store, f"projects/{PROJECT}", iam.with_member(policy, "roles/editor", f"user:{OTHER}"))
    return store


def update(store: Store, *changes: object, seconds: float = 5) -> Job:
    return jobs.update(store, a_job_ref(), changes, caller=OTHER, now=later(seconds), random=seeded())  # type: ignore[arg-type]  # changes


def test_a_new_job_is_ready_with_the_defaults_of_the_server(store: Store) -> None:
    job = create(store)
    assert (job.template.tasks, job.template.parallelism, job.template.max_retries) == (1, None, 3)
    task = job.template.task
    assert task.timeout == timedelta(minutes=10)
    assert task.service_account == f"{NUMBER}-compute@developer.gserviceaccount.com"
    assert task.annotations["run.googleapis.com/execution-environment"] == "gen2"
    assert task.annotations["run.googleapis.com/client-name"] == "cloudrun"
    assert task.containers[0].port is None
    assert task.containers[0].startup_probe is None
    assert readiness(job.status.conditions) is Status.TRUE
    assert (job.generation, job.status.observed_generation) == (1, 1)
    assert (job.creator, job.last_modifier, job.created) == (CALLER, CALLER, NOW)
    assert jobs.get(store, a_job_ref()) == job
    entry = journal.since(store, 0)[-1]
    assert (entry.verb, entry.kind, entry.name, entry.generation) == ("create", "Job", "nightly", 1)
    assert listing.jobs(store, PROJECT) == [job_to_json(job, NUMBER)]


def test_an_update_changes_what_it_names_and_nothing_else(store: Store) -> None:
    create(store, TasksChange(4), ParallelismChange(2), LabelsChange({"team": "data"}))
    job = update(store, RetriesChange(1), TimeoutChange(timedelta(hours=1)), LabelsChange({"tier": "back"}))
    assert (job.template.tasks, job.template.parallelism, job.template.max_retries) == (4, 2, 1)
    assert job.template.task.timeout == timedelta(hours=1)
    assert job.labels == job.template.task.labels == {"team": "data", "tier": "back"}
    assert (job.generation, job.status.observed_generation, job.last_modifier) == (2, 2, OTHER)
    assert (job.created, job.updated, job.creator) == (NOW, later(5), CALLER)
    assert job_to_json(job, NUMBER)["metadata"]["labels"]["run.googleapis.com/lastUpdatedTime"].endswith("12.123456Z")


def test_a_deploy_makes_a_job_or_changes_it(store: Store) -> None:
    for count, is_new in ((1, True), (2, False)):
        made = jobs.deploy(
            store,
            a_job_ref(),
            [ImageChange(IMAGE), TasksChange(count)],
            caller=CALLER,
            now=NOW,
            random=seeded(count),
        )
        assert (made.created, made.job.generation, made.job.template.tasks) == (is_new, count, count)


def test_what_cannot_be_changes_nothing(store: Store) -> None:
    create(store)
    before = everything(store)
    with pytest.raises(AlreadyExists, match=r"Job \[nightly\] already exists"):
        create(store)
    with pytest.raises(InvalidArgument, match=r"spec\.template\.spec\.taskCount"):
        update(store, TasksChange(10_001))
    with pytest.raises(InvalidArgument, match=r"spec\.template\.spec\.template\.spec\.containers\[0\]\.image"):
        update(store, ImageChange(""))
    with pytest.raises(NotFound, match=r"Job \[nosuch\] could not be found") as raised:
        jobs.update(store, a_job_ref("nosuch"), [], caller=CALLER, now=NOW, random=seeded())
    assert raised.value.hint is None
    with pytest.raises(NotFound, match=r"Cannot find job \[nightly\]") as raised:
        jobs.get(store, a_job_ref(region="us-east1"))
    assert raised.value.hint == f"There is one in region {REGION}: add --region={REGION}"
    with pytest.raises(InvalidArgument, match="Invalid job name"):
        create(store, ref=a_job_ref("1st"))
    assert everything(store) == before


def test_a_write_can_be_tried_without_being_done(store: Store) -> None:
    before = everything(store)
    made = jobs.deploy(
        store,
        a_job_ref(),
        [ImageChange(IMAGE)],
        writing=Writing(validate_only=True),
        caller=CALLER,
        now=NOW,
        random=seeded(),
    )
    assert made.created
    assert everything(store) == before


def test_a_deleted_job_takes_its_executions_and_its_policy_with_it(store: Store) -> None:
    execution = a_run(store, 2)
    claim(store, execution, 0)
    member = "user:x@example.com"
    policies.add_binding(store, JOB, "roles/run.invoker", member, caller=CALLER, now=NOW)
    jobs.delete(store, a_job_ref(), caller=CALLER, now=NOW)
    for table in ("jobs", "executions", "tasks", "attempts"):
        assert store.one(f"SELECT count(*) FROM {table}") == (0,), table
    assert policy_rows.get(store, JOB) == {}
    assert executions.find(store, execution.ref) is None
    with pytest.raises(NotFound, match=r"Job \[nightly\] could not be found"):
        jobs.delete(store, a_job_ref(), caller=CALLER, now=NOW)


def test_a_job_has_a_policy_of_its_own(store: Store) -> None:
    create(store)
    assert policies.get(store, JOB) == {"etag": "ACAB"}
    policy = policies.add_binding(store, JOB, "roles/run.invoker", "user:x@example.com", caller=CALLER, now=NOW)
    assert policy["bindings"] == [{"members": ["user:x@example.com"], "role": "roles/run.invoker"}]
    assert policies.get(store, JOB) == policy
    entry = journal.since(store, 0)[-1]
    assert (entry.verb, entry.kind) == ("setIamPolicy", "Job")
    with pytest.raises(NotFound, match="Resource 'nosuch' of kind 'JOB' in region 'us-central1' in project 'demo'"):
        policies.get(store, job_resource("demo", "us-central1", "nosuch"))


# Documents

DOCUMENT = {
    "apiVersion": "run.googleapis.com/v1",
    "kind": "Job",
    "metadata": {"name": "nightly"},
    "spec": {"template": {"spec": {"taskCount": 3, "template": {"spec": {"containers": [{"image": IMAGE}]}}}}},
}


def replace(
    store: Store, *documents: object, seconds: float = 5, validate_only: bool = False
) -> list[job_replacing.Replaced]:
    wanted = [job_documents.read(document) for document in documents]
    where = PROJECT, REGION, wanted
    return job_replacing.replace_all(
        store, *where, caller=OTHER, now=later(seconds), random=seeded(int(seconds)), validate_only=validate_only
    )


def _with(meta: dict[str, object] | None = None, **spec: object) -> dict[str, object]:
    return {
        **DOCUMENT,
        "metadata": {"name": "nightly", **(meta or {})},
        "spec": {**DOCUMENT["spec"], **spec},  # type: ignore[dict-item]  # a map
    }


@recorded
def test_a_file_as_people_write_it_makes_a_job(store: Store) -> None:
    import yaml

    (made,) = replace(store, yaml.safe_load((RECORDINGS / "resources" / "inputs" / "job-new.yaml").read_text()))
    template = made.job.template
    assert (made.created, made.job.ref.name) == (True, "yaml-job")
    assert (template.tasks, template.parallelism, template.max_retries) == (3, 1, 0)
    assert template.task.timeout == timedelta(minutes=2)
    assert template.task.containers[0].args == ("--all",)


def test_a_document_puts_back_what_it_leaves_out(store: Store) -> None:
    create(store, TasksChange(9), ParallelismChange(4), LabelsChange({"team": "data"}))
    (made,) = replace(store, DOCUMENT)
    assert (made.created, made.changed, made.execution) == (False, True, None)
    assert (made.job.template.tasks, made.job.template.parallelism, made.job.labels) == (3, None, {})
    assert (made.job.generation, made.job.last_modifier) == (2, OTHER)
    (again,) = replace(store, DOCUMENT)
    assert (again.changed, again.job) == (False, made.job)


def test_what_is_shown_can_be_replaced_by_itself(store: Store) -> None:
    create(store, TasksChange(9), LabelsChange({"team": "data"}))
    (shown,) = listing.jobs(store, PROJECT)
    (made,) = replace(store, shown)
    assert not made.changed
    run(store)
    (made,) = replace(store, shown)
    assert not made.changed


@pytest.mark.parametrize(
    ("document", "error", "message"),
    [
        (_with({"resourceVersion": "77"}), Conflict, "version '77' was specified but current version is '1'"),
        (_with({"generation": 7}), Conflict, "generation 7 was specified"),
        (_with({"namespace": "other"}), InvalidArgument, "Namespace must be project ID"),
        (_with({"labels": {"cloud.googleapis.com/location": "us-east1"}}), InvalidArgument, "the job is to be in"),
        (_with(startExecutionToken="x" * 60), InvalidArgument, "fewer than 63"),
    ],
)
def test_documents_that_do_not_fit_change_nothing(
    store: Store, document: object, error: type[CloudRunError], message: str
) -> None:
    create(store)
    before = everything(store)
    with pytest.raises(error, match=message):
        replace(store, document)
    assert everything(store) == before


def test_of_several_documents_all_come_true_or_none(store: Store) -> None:
    before = everything(store)
    with pytest.raises(Conflict, match=r"Job \[nightly\]: Conflict"):
        replace(store, _with({"name": "first"}), _with({"resourceVersion": "7"}))
    assert everything(store) == before
    made = replace(store, _with({"name": "first"}), DOCUMENT)
    assert [one.job.ref.name for one in made] == ["first", "nightly"]
    assert [one.created for one in replace(store, DOCUMENT, validate_only=True)] == [False]


def test_a_token_asks_for_an_execution_of_that_name_once(store: Store) -> None:
    (made,) = replace(store, _with(startExecutionToken="v1"))
    assert made.execution is not None
    assert made.execution.ref.name == "nightly-v1"
    assert made.job.status.latest is not None
    assert made.job.status.latest.name == "nightly-v1"
    (again,) = replace(store, _with(startExecutionToken="v1"))
    assert (again.changed, again.execution) == (False, None)
    (next_,) = replace(store, _with(startExecutionToken="v2"))
    assert next_.execution is not None
    with pytest.raises(AlreadyExists, match="Resource 'nightly-v1' already exists"):
        replace(store, _with(startExecutionToken="v1"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "Service"}, r"kind: Expected \[Job\], got \[Service\]"),
        ({"apiVersion": "v1"}, r"apiVersion: Expected \[run\.googleapis\.com/v1\]"),
        ({"spec": {"template": {"spec": {"template": {"spec": {"containers": []}}}}}}, "needs at least one container"),
        ({"spec": {"template": {"spec": {}}}}, r"Job\.spec\.template\.spec\.template: missing"),
        ({"metadata": {}}, r"metadata\.name: A Job needs a name"),
        (
            {"spec": {"template": {"spec": {"tasks": 3, "template": {"spec": {"containers": [{"image": IMAGE}]}}}}}},
            r"protobuf \[Job\]:\n  Job\.spec\.template\.spec\.tasks",
        ),
        (
            {
                "spec": {
                    "template": {"spec": {"taskCount": "3", "template": {"spec": {"containers": [{"image": "x"}]}}}}
                }
            },
            r"taskCount: expected a whole number, got '3' \(a string\)",
        ),
    ],
)
def test_what_is_no_job_is_refused_by_the_field(change: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        job_documents.read({**DOCUMENT, **change})
