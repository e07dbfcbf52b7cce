"""Our printing of the recorded resources against what gcloud printed of them. Evidence: recorded.

The recordings lie beside the repository and are read in place; without them every test here is skipped. What a
command adds to its rows (the ready symbol, the short names that its default table asks for) belongs to the command
layer; the adapters below stand in for it and do nothing else. What the real program answers by now is compared in
tests/transcripts instead.
"""

import contextlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.output.errors import OutputError
from cloudrun_cli.output.printer import print_list, print_resource
from cloudrun_cli.output.progress import OneStep, StagedProgress
from cloudrun_cli.output.projection import headings, parse_format
from cloudrun_cli.output.rows import Row
from tests.transcripts.recordings import transcripts

REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference"
HERE = REFERENCE.is_dir()
Fields = dict[str, Any]

pytestmark = pytest.mark.skipif(not HERE, reason=f"NO RECORDINGS at {REFERENCE}: sameness with gcloud is not tested")


def _transcripts() -> dict[str, Fields]:
    if not HERE:
        return {}
    lines = (REFERENCE / "gcloud-transcripts.jsonl").read_text(encoding="utf-8").splitlines()
    return {case["id"]: case for case in map(json.loads, lines)}


def _default_formats() -> dict[str, Fields]:
    if not HERE:
        return {}
    surface = json.loads((REFERENCE / "gcloud-surface.json").read_text(encoding="utf-8"))
    return {command["path"]: command["output"] for command in surface["commands"] if command.get("output")}


EVERY = _transcripts()
TRANSCRIPTS = {name: case for name, case in EVERY.items() if name not in transcripts()}
FORMATS = _default_formats()


def _items(file: str) -> list[Fields]:
    found = json.loads((REFERENCE / "resources" / file).read_text(encoding="utf-8"))
    rows: list[Fields] = found.get("items") or found.get("entries") or list(found.values())
    return rows


# What the commands add to a row, as seen in the recorded tables.


def _symbol(row: Fields, kind: str = "Ready") -> str:
    states = {condition["type"]: condition["status"] for condition in row["status"].get("conditions", [])}
    if states.get(kind) == "False" and row["status"].get("latestReadyRevisionName") and row["kind"] == "Service":
        return "!"
    return {"True": "✔", "False": "X"}.get(states.get(kind, ""), "…")


def _common(row: Fields, kind: str = "Ready") -> Fields:
    meta = row["metadata"]
    notes = meta.get("annotations", {})
    author = notes.get("run.googleapis.com/creator") or notes.get("serving.knative.dev/creator")
    return {
        "ready_symbol": _symbol(row, kind),
        "name": meta["name"],
        "region": meta["labels"]["cloud.googleapis.com/location"],
        "creation_timestamp": meta["creationTimestamp"],
        "author": author,
    }


def _service(row: Fields) -> Fields:
    notes = row["metadata"]["annotations"]
    ready: Fields = next((item for item in row["status"]["conditions"] if item["type"] == "Ready"), {})
    urls = json.loads(notes.get("run.googleapis.com/urls", "[]"))
    return _common(row) | {
        "domain": urls[0] if urls else None,
        "last_modifier": notes.get("serving.knative.dev/lastModifier"),
        "last_transition_time": ready.get("lastTransitionTime"),
    }


def _revision(row: Fields) -> Fields:
    states = {condition["type"]: condition["status"] for condition in row["status"]["conditions"]}
    labels = row["metadata"]["labels"]
    return _common(row) | {
        "active": states.get("Active") == "True",
        "service_name": labels.get("serving.knative.dev/service"),
        "worker_pool_name": labels.get("run.googleapis.com/workerPool"),
    }


def _execution(row: Fields) -> Fields:
    return _common(row, "Completed") | {"job_name": row["metadata"]["labels"]["run.googleapis.com/job"]}


def _task(row: Fields) -> Fields:
    return _common(row, "Completed") | {
        "index": row["status"].get("index", 0),
        "running_state": row["metadata"]["labels"]["run.googleapis.com/runningState"],
        "start_time": row["status"].get("startTime"),
        "completion_time": row["status"].get("completionTime"),
        "retries": row["status"].get("retried", 0),
    }


ADAPTERS: dict[str, tuple[str, Callable[[Fields], Fields]]] = {
    "run jobs": ("jobs.json", _common),
    "run jobs executions": ("executions.json", _execution),
    "run jobs executions tasks": ("tasks.json", _task),
    "run worker-pools": ("workerpools.json", _service),
    "run worker-pools revisions": ("revisions.json", _revision),
    "iam service-accounts": ("service-accounts.json", lambda row: {"disabled": False}),
    "pubsub subscriptions": ("pubsub.json", lambda row: {}),
    "projects": ("projects.json", lambda row: {}),
    "logging": ("log-entries.json", lambda row: {}),
    "scheduler jobs": ("scheduler.json", lambda row: {}),
}
OWNERS = {
    "--worker-pool": "run.googleapis.com/workerPool",
    "--job": "run.googleapis.com/job",
    "--execution": "run.googleapis.com/execution",
}
NEWEST_FIRST = ("run worker-pools revisions", "run jobs executions")  # as the recording server lists
LIST_FLAGS = ("format", "filter", "sort-by", "limit", "page-size", "flatten")


def _split(argv: list[str]) -> tuple[str, str, list[str], dict[str, str]]:
    """The group, the verb, the positionals and the flags of a recorded command line."""
    words = argv[: next((place for place, word in enumerate(argv) if word.startswith("--")), len(argv))]
    flags = {name: value for name, _, value in (word.partition("=") for word in argv if word.startswith("--"))}
    place = next((place for place, word in enumerate(words) if word in ("list", "describe", "read")), len(words) - 1)
    return " ".join(words[:place]), words[place], words[place + 1 :], flags


def _rows(group: str, flags: dict[str, str], state: str) -> list[Fields]:
    file, added = ADAPTERS[group]
    rows = [] if state == "empty" else _items(file)
    for flag, label in OWNERS.items():
        if flag in flags:
            rows = [row for row in rows if row["metadata"]["labels"].get(label) == flags[flag]]
    if "--succeeded" in flags:
        rows = [row for row in rows if row["metadata"]["labels"]["run.googleapis.com/runningState"] == "Succeeded"]
    place = flags.get("--region") or ("us-central1" if group != "run jobs" else "")
    if group.startswith("run") and place:
        rows = [row for row in rows if row["metadata"]["labels"]["cloud.googleapis.com/location"] == place]
    if group == "run jobs executions tasks":
        rows.sort(key=lambda row: row["metadata"]["name"])
    elif group.startswith("run"):
        rows.sort(key=lambda row: (row["metadata"]["name"], row["metadata"]["labels"]["cloud.googleapis.com/location"]))
    if group in NEWEST_FIRST:
        rows.sort(key=lambda row: row["metadata"]["creationTimestamp"], reverse=True)
    if group == "pubsub subscriptions":
        rows = [row for row in rows if "/subscriptions/" in row["name"]]
    if group == "logging":
        rows = sorted(rows, key=lambda row: row["timestamp"], reverse=True)
        rows = [row for row in rows if row["resource"]["labels"].get("service_name") == "hello"]
    return [Row(row, added(row)) for row in rows]


def _uri(row: Any) -> str:
    meta = row["metadata"]
    return f"http://{meta['labels']['cloud.googleapis.com/location']}-run.localhost:9921{meta['selfLink']}"


def _complete(row: Fields) -> str:
    """How much of an execution is done: a transform of `run jobs executions list`, seen as `4 / 4`."""
    status = row["status"]
    return f"{status.get('succeededCount', 0)} / {row['spec'].get('taskCount', 1)}"


def _is_printed_here(case: Fields) -> bool:
    group, verb, _, flags = _split(case["argv"])
    if group not in ADAPTERS or case["exit"] == 2:
        return False
    if verb == "describe":
        default = FORMATS.get(f"{group} describe", {}).get("format", "")
        return case["exit"] == 0 and ("--format" in flags or default in ("yaml", "default"))
    return verb in ("list", "read")


PRINTED = [name for name, case in TRANSCRIPTS.items() if _is_printed_here(case)]


@pytest.mark.parametrize("name", PRINTED)
def test_a_recorded_list_or_description_is_printed_as_gcloud_did(name: str) -> None:
    case = TRANSCRIPTS[name]
    group, verb, words, flags = _split(case["argv"])
    default = FORMATS[f"{group} {verb}"]["format"]
    rows = _rows(group, flags, case["state"])
    given = {flag.replace("-", "_"): flags.get(f"--{flag}") for flag in LIST_FLAGS}
    out, err = io.StringIO(), io.StringIO()
    try:
        if verb == "describe":
            chosen = next(row for row in rows if _is_named(row, words[0]) and _region(row) in ("us-central1", None))
            print_resource(chosen, given["format"], default=default, stream=out, flatten=given["flatten"])
        else:
            print_list(
                rows,
                format=given["format"],
                default=default,
                filter=given["filter"],
                sort_by=given["sort_by"],
                limit=int(given["limit"]) if given["limit"] else None,
                page_size=int(given["page_size"]) if given["page_size"] else None,
                flatten=given["flatten"],
                uri=_uri,
                want_uri="--uri" in flags,
                out=out,
                err=err,
                symbols={"succeeded_status": _complete},
            )
    except OutputError as error:
        err.write(f"ERROR: (gcloud.{'.'.join((*group.split(), verb))}) {error.message}\n")
    assert (out.getvalue(), err.getvalue()) == (case["stdout"], case["stderr"])


def _region(row: Fields) -> str | None:
    region: str | None = row.get("metadata", {}).get("labels", {}).get("cloud.googleapis.com/location")
    return region


def _is_named(row: Fields, name: str) -> bool:
    named = row.get("metadata", row)
    return name in (named.get("name"), named.get("email"), named.get("projectId"), str(named["name"]).split("/")[-1])


@pytest.mark.parametrize("path", [path for path, output in FORMATS.items() if output.get("columns")])
def test_every_default_table_of_the_surface_has_gclouds_headings(path: str) -> None:
    output = FORMATS[path]
    found = headings(parse_format(output["format"]).columns or [])
    expected = output["columns"]
    if path == "pubsub subscriptions pull":
        expected = [*expected, "ACK_STATUS"]  # one of its columns depends on a flag, which parsing does not know
    assert found == expected


LAST_WORDS = ("Done.", "Deployment failed", "Executing job failed")
STORIES = [
    name
    for name, case in EVERY.items()
    if name.startswith("jobs-")
    and re.search(
        r"^[A-Z][a-z ]+\.\.\.\n(.*\n)*(Done\.|Deployment failed|Executing job failed)\n", case["stderr"], re.M
    )
]


@pytest.mark.parametrize("name", STORIES)
def test_stages_are_told_in_a_pipe_as_gcloud_told_them(name: str) -> None:
    lines = EVERY[name]["stderr"].splitlines()
    last = next(place for place, line in enumerate(lines) if line in LAST_WORDS)
    first = max(place for place in range(last) if lines[place].endswith("..."))
    stages = [line.split("...") for line in lines[first + 1 : last] if line != "failed"]
    stream = io.StringIO()
    keys = [(label, label) for label, _ in stages] + [("never", "Never")]
    word = lines[last] if lines[last] != "Done." else "unused"
    with (
        contextlib.suppress(OutputError),
        StagedProgress(lines[first], keys, stream=stream, interactive=False, failure_word=word) as progress,
    ):
        for label, end in stages:
            progress.start(label)
            progress.message(label, "a while yet")
            progress.done(label) if end == "done" else progress.fail(label)
        if "failed" in lines:
            raise OutputError("refused before the first stage")
    assert stream.getvalue().splitlines() == lines[first : last + 1]


@pytest.mark.parametrize("name", ["executions-cancel", "jobs-delete-not-found"])
def test_a_single_step_is_told_in_a_pipe_as_gcloud_told_it(name: str) -> None:
    title, word = EVERY[name]["stderr"].splitlines()[:2]
    stream = io.StringIO()
    with contextlib.suppress(OutputError), OneStep(title, stream=stream):
        if word == "failed.":
            raise OutputError("could not be found")
    assert stream.getvalue() == f"{title}\n{word}\n"


@pytest.mark.parametrize("name", ["projects-get-iam", "secrets-versions-describe"])
def test_a_recorded_yaml_resource_comes_back_from_its_values_unchanged(name: str) -> None:
    import yaml

    recorded = _transcripts()[name]["stdout"]
    stream = io.StringIO()
    print_resource(yaml.safe_load(recorded), None, default="default", stream=stream)
    assert stream.getvalue() == recorded
