"""The Run API v1, shape by shape. Evidence: recorded where a call of gcloud 578 is named, otherwise documented (v1)."""

import json
from typing import Any

import pytest

from cloudrun_cli.controlplane import listing
from cloudrun_cli.controlplane.services import Rollout
from cloudrun_cli.core.addresses import Edge
from cloudrun_cli.core.regions import REGIONS
from cloudrun_cli.store import journal
from cloudrun_cli.store.database import Store
from tests.api.asking import ADDRESS, GLOBAL, REGIONAL, Client
from tests.builders import CALLER, NUMBER, RECORDINGS, a_ref
from tests.controlplane.verbs import deploy, everything, settle

DEMO = "/apis/serving.knative.dev/v1/namespaces/demo"
BY_NUMBER = f"/apis/serving.knative.dev/v1/namespaces/{NUMBER}"
PROJECT = "/v1/projects/demo/locations"
EUROPE = "europe-west1-run.localhost:9080"


def put(store: Store, name: str = "hello", region: str = "us-central1", **rollout: Any) -> str:
    """A deployed service that is ready; the name of its revision."""
    seconds = rollout.pop("seconds", 0)
    made = deploy(store, ref=a_ref(name, region), rollout=Rollout(**rollout), seconds=seconds).revision
    settle(store, made)
    return made.ref.name


def names(answer: dict[str, Any]) -> list[str]:
    return [one["metadata"]["name"] for one in answer["items"]]


@pytest.mark.parametrize("parent", [DEMO, BY_NUMBER, f"{PROJECT}/us-central1", f"/v1/projects/{NUMBER}/locations/-"])
async def test_services_are_listed_with_their_addresses(api: Client, store: Store, parent: str) -> None:
    put(store)
    answer = await api.get(f"{parent}/services")
    assert answer == {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "ServiceList",
        "metadata": {},
        "items": listing.services(store, "demo", Edge(9080, 9443)),
    }
    (service,) = answer["items"]
    assert service["status"]["url"] == f"http://hello-{NUMBER}.us-central1.run.localhost:9080"
    assert service["metadata"]["labels"]["cloud.googleapis.com/location"] == "us-central1"
    assert json.loads(service["metadata"]["annotations"]["run.googleapis.com/urls"])[0] == service["status"]["url"]


@pytest.mark.parametrize(
    ("path", "host", "regions"),
    [
        (f"{DEMO}/services", REGIONAL, ["us-central1"]),
        (f"{DEMO}/services", EUROPE, ["europe-west1"]),
        (f"{DEMO}/services", "us-east1-run.localhost", []),
        (f"{DEMO}/services", "europe-west1-run.googleapis.localhost", ["europe-west1"]),
        (f"{DEMO}/services", GLOBAL, ["europe-west1", "us-central1"]),
        (f"{PROJECT}/-/services", GLOBAL, ["europe-west1", "us-central1"]),
        (f"{PROJECT}/-/services", ADDRESS, ["europe-west1", "us-central1"]),
        (f"{PROJECT}/-/services", "localhost:9080", ["europe-west1", "us-central1"]),
        (f"{PROJECT}/europe-west1/services", ADDRESS, ["europe-west1"]),
        ("/v1/projects/nobody/locations/-/services", GLOBAL, []),
    ],
)
async def test_a_list_is_of_the_region_that_the_host_or_the_path_says(
    api: Client, store: Store, path: str, host: str, regions: list[str]
) -> None:
    for region in ("us-central1", "europe-west1"):
        put(store, region=region)
    answer = await api.get(path, host=host)
    assert [one["metadata"]["labels"]["cloud.googleapis.com/location"] for one in answer["items"]] == regions


@pytest.mark.parametrize(
    ("path", "host"),
    [
        (f"{DEMO}/services/hello", REGIONAL),
        (f"{BY_NUMBER}/services/hello", REGIONAL),
        (f"{PROJECT}/us-central1/services/hello", ADDRESS),
    ],
)
async def test_a_service_is_the_same_alone_as_in_its_list(api: Client, store: Store, path: str, host: str) -> None:
    put(store)
    (listed,) = listing.services(store, "demo", Edge(9080, 9443))
    assert await api.get(path, host=host) == listed


async def test_a_query_that_gcloud_always_sends_changes_nothing(api: Client, store: Store) -> None:
    put(store)
    path = f"{DEMO}/services/hello"
    assert await api.get(path, query={"alt": "json"}) == await api.get(path)


@pytest.mark.parametrize(
    ("method", "path", "host", "kind", "region"),
    [
        ("GET", f"{DEMO}/services/nosuch", REGIONAL, "SERVICE", "us-central1"),  # recorded: 404
        ("GET", f"{DEMO}/services/hello", EUROPE, "SERVICE", "europe-west1"),
        ("DELETE", f"{DEMO}/services/nosuch", REGIONAL, "SERVICE", "us-central1"),  # recorded: 404
        ("GET", f"{DEMO}/revisions/nosuch", REGIONAL, "REVISION", "us-central1"),
        ("DELETE", f"{DEMO}/revisions/nosuch", REGIONAL, "REVISION", "us-central1"),
        ("GET", f"{PROJECT}/us-central1/services/nosuch:getIamPolicy", GLOBAL, "SERVICE", "us-central1"),  # recorded
    ],
)
async def test_what_is_not_there_is_404(
    api: Client, store: Store, method: str, path: str, host: str, kind: str, region: str
) -> None:
    put(store)
    before = everything(store)
    answer = await api(method, path, host=host)
    name = path.rpartition("/")[2].partition(":")[0]
    assert answer.status_code == 404
    assert answer.json() == {
        "error": {
            "code": 404,
            "message": f"Resource '{name}' of kind '{kind}' in region '{region}' in project 'demo' does not exist.",
            "status": "NOT_FOUND",
        }
    }
    assert (everything(store), api.rung) == (before, [])


@pytest.mark.parametrize("host", [GLOBAL, ADDRESS])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_name_without_a_region_is_refused(api: Client, store: Store, method: str, host: str) -> None:
    revision = put(store)
    for path in (f"{DEMO}/services/hello", f"{DEMO}/revisions/{revision}", f"{PROJECT}/-/services/hello"):
        answer = await api(method, path, host=host)
        assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
        assert "us-central1-run.localhost" in answer.json()["error"]["message"]
    assert len(listing.services(store, "demo", Edge())) == 1


async def test_a_deleted_service_is_gone_with_its_revisions_and_the_daemon_hears_of_it(
    api: Client, store: Store
) -> None:
    put(store)
    uid = (await api.get(f"{DEMO}/services/hello"))["metadata"]["uid"]
    answer = await api("DELETE", f"{DEMO}/services/hello")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "Success",
        "details": {"group": "serving.knative.dev", "kind": "services", "name": "hello", "uid": uid},
    }
    assert len(api.rung) == 1
    assert (await api("GET", f"{DEMO}/services/hello")).status_code == 404  # recorded: gcloud polls until 404
    assert (await api.get(f"{DEMO}/revisions"))["items"] == []
    last = journal.since(store, 0)[-1]
    assert (last.who, last.verb, last.kind, last.name) == (CALLER, "delete", "Service", "hello")


async def test_a_dry_run_of_a_deletion_answers_and_deletes_nothing(api: Client, store: Store) -> None:
    put(store)
    before = everything(store)
    assert (await api("DELETE", f"{DEMO}/services/hello", query={"dryRun": "all"})).json()["status"] == "Success"
    assert (await api("DELETE", f"{DEMO}/services/hello", query={"dryRun": "some"})).status_code == 400
    assert (everything(store), api.rung) == (before, [])


async def test_revisions_are_listed_newest_first_whatever_their_service(api: Client, store: Store) -> None:
    made = [put(store, name, seconds=at) for at, name in enumerate(("shop", "hello", "api", "hello"))]
    answer = await api.get(f"{DEMO}/revisions")
    assert (answer["apiVersion"], answer["kind"]) == ("serving.knative.dev/v1", "RevisionList")
    assert names(answer) == made[::-1]
    assert all("active" not in one for one in answer["items"])


async def test_revisions_of_one_service_are_found_by_its_label(api: Client, store: Store) -> None:
    made = [put(store, name, seconds=at) for at, name in enumerate(("shop", "hello", "api", "hello"))]
    query = {"labelSelector": "serving.knative.dev/service = hello"}  # recorded: revisions-list-service
    assert names(await api.get(f"{DEMO}/revisions", query=query)) == [made[3], made[1]]
    query = {"labelSelector": "serving.knative.dev/service in (hello,api), !team"}
    assert names(await api.get(f"{DEMO}/revisions", query=query)) == [made[3], made[2], made[1]]
    query = {"labelSelector": "run.googleapis.com/workerPool = consumer"}  # recorded: worker-pools-revisions-list
    assert names(await api.get(f"{DEMO}/revisions", query=query)) == []
    refused = await api("GET", f"{DEMO}/revisions", query={"labelSelector": "= hello"})
    assert refused.status_code == 400


async def test_revisions_come_in_pages_of_the_size_asked_for(api: Client, store: Store) -> None:
    made = [put(store, seconds=at) for at in range(5)]
    query, seen, sizes = {"limit": "2"}, [], []  # recorded: revisions-list-page-size
    while True:
        answer = await api.get(f"{DEMO}/revisions", query=query)
        seen += names(answer)
        sizes.append(len(answer["items"]))
        if "continue" not in answer["metadata"]:
            break
        query = {"limit": "2", "continue": answer["metadata"]["continue"]}
    assert (seen, sizes) == (made[::-1], [2, 2, 1])


async def test_a_revision_is_the_same_alone_as_in_its_list(api: Client, store: Store) -> None:
    name = put(store)
    (listed,) = (await api.get(f"{DEMO}/revisions"))["items"]
    assert await api.get(f"{BY_NUMBER}/revisions/{name}") == listed
    assert await api.get(f"{PROJECT}/us-central1/revisions/{name}", host=ADDRESS) == listed


async def test_a_revision_that_nothing_needs_can_be_deleted(api: Client, store: Store) -> None:
    old, new = put(store), put(store, seconds=1)
    answer = await api("DELETE", f"{DEMO}/revisions/{old}")
    assert (answer.status_code, answer.json()["details"]["kind"]) == (200, "revisions")
    assert len(api.rung) == 1
    assert names(await api.get(f"{DEMO}/revisions")) == [new]
    assert (await api("GET", f"{DEMO}/revisions/{old}")).status_code == 404  # recorded: revisions-delete


async def test_a_revision_that_serves_cannot_be_deleted_and_the_answer_says_why(api: Client, store: Store) -> None:
    name = put(store)
    answer = await api("DELETE", f"{DEMO}/revisions/{name}")
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (400, "FAILED_PRECONDITION")
    assert name in error["message"]
    assert (await api("DELETE", f"{DEMO}/revisions/{name}", query={"dryRun": "all"})).status_code == 501
    assert (names(await api.get(f"{DEMO}/revisions")), api.rung) == ([name], [])


async def test_locations_are_the_regions_of_cloud_run(api: Client) -> None:
    answer = await api.get(PROJECT, host=GLOBAL, query={"pageSize": "100"})  # recorded: regions-list
    assert [one["locationId"] for one in answer["locations"]] == sorted(REGIONS)
    assert answer["locations"][0]["name"] == f"projects/demo/locations/{sorted(REGIONS)[0]}"
    assert "nextPageToken" not in answer
    first = await api.get(PROJECT, host=ADDRESS, query={"pageSize": "3"})
    rest = await api.get(PROJECT, host=ADDRESS, query={"pageToken": first["nextPageToken"]})
    assert (len(first["locations"]), first["locations"] + rest["locations"]) == (3, answer["locations"])


async def test_the_policy_of_a_public_service_lets_everybody_invoke(api: Client, store: Store) -> None:
    put(store, public=True)
    path = f"{PROJECT}/us-central1/services/hello:getIamPolicy"
    answer = await api.get(path, host=GLOBAL, query={"options.requestedPolicyVersion": "3"})  # recorded: iam-get
    assert answer.pop("etag")
    assert answer == {"version": 1, "bindings": [{"members": ["allUsers"], "role": "roles/run.invoker"}]}


async def test_a_policy_that_was_never_set_is_an_etag_alone(api: Client, store: Store) -> None:
    put(store)
    path = f"{PROJECT}/us-central1/services/hello:getIamPolicy"
    assert await api.get(path, host=GLOBAL) == {"etag": "ACAB"}  # recorded: iam-get-empty


async def test_the_etag_of_a_policy_changes_with_every_write_of_it(api: Client, store: Store) -> None:
    path = f"{PROJECT}/us-central1/services/hello:getIamPolicy"
    etags = []
    for at, public in enumerate((None, True, False, True)):
        put(store, public=public, seconds=at)
        etags.append((await api.get(path, host=GLOBAL))["etag"])
    assert len(set(etags)) == 4, "also where the same policy has come back: a reader of it missed a change"


def _recorded() -> list[tuple[str, dict[str, Any]]]:
    """The reads of services and revisions that gcloud made, and that were answered with 200."""
    file = RECORDINGS / "gcloud-transcripts.jsonl"
    cases = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for case in cases:
        for call in case.get("calls") or ():
            parts = call["path"].strip("/").split("/")
            ours = call["path"].startswith("/apis/serving") and parts[5] in ("services", "revisions")
            if call["method"] == "GET" and call["status"] == 200 and (ours or call["path"].startswith(f"{PROJECT}/-/")):
                found.setdefault(json.dumps([call[key] for key in ("endpoint", "path", "query")]), (case["id"], call))
    return list(found.values())


@pytest.mark.skipif(not _recorded(), reason="the recordings are not beside the repository")
async def test_every_recorded_read_of_gcloud_has_an_answer_of_its_kind(api: Client, store: Store) -> None:
    for case, call in _recorded():
        query = {**call["query"], "alt": "json"}
        if "continue" in query:
            continue  # a token of the recording server
        host = GLOBAL if call["endpoint"] == "global" else f"{call['endpoint']}-run.localhost:9921"
        parts = call["path"].strip("/").split("/")
        answer = await api("GET", call["path"].replace("123456789012", NUMBER), host=host, query=query)
        if parts[-1] in ("services", "revisions"):
            kind = {"services": "ServiceList", "revisions": "RevisionList"}[parts[-1]]
            assert (answer.status_code, answer.json()["kind"]) == (200, kind), case
        else:  # nothing is deployed here, and the answer must be just that
            assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND"), case


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", f"{DEMO}/services", "run.services.list"),
        ("GET", f"{DEMO}/services/hello", "run.services.get"),
        ("GET", f"{DEMO}/services/none", "run.services.get"),
        ("DELETE", f"{DEMO}/services/hello", "run.services.delete"),
        ("GET", f"{DEMO}/revisions", "run.revisions.list"),
        ("GET", f"{PROJECT}/us-central1/revisions/none", "run.revisions.get"),
        ("DELETE", f"{DEMO}/revisions/none", "run.revisions.delete"),
        ("GET", PROJECT, "run.locations.list"),
    ],
)
async def test_a_call_is_of_whoever_makes_it(
    api: Client, store: Store, method: str, path: str, permission: str
) -> None:
    put(store)
    before = everything(store)
    answer = await api.http.request(method, path, headers={"host": REGIONAL, "x-caller": "ann@elsewhere.org"})
    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (403, "PERMISSION_DENIED")
    assert error["message"].startswith(f"Permission '{permission}' denied on resource 'projects/demo/locations/")
    assert error["details"][0]["metadata"] == {"permission": permission}
    assert everything(store) == before
