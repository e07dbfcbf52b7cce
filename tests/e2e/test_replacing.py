"""Services from YAML, until they answer. Evidence: documented (gcloud run services replace), ours (several at once)."""

from typing import Any

from tests.e2e.world import Home, eventually, on_processes


def _document(home: Home, name: str, **env: str) -> dict[str, Any]:
    container = {"image": home.image, "env": [{"name": key, "value": value} for key, value in env.items()]}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "annotations": {"run.googleapis.com/invoker-iam-disabled": "true"}},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }


def test_a_document_becomes_a_service_that_answers_and_is_changed_by_the_next(home: Home) -> None:
    answer = home.replace(_document(home, "written", COLOR="blue"))
    assert answer.stdout == ""
    assert "Deploying new service...\nCreating Revision...done\nRouting traffic...done\nDone.\n" in answer.stderr
    url = answer.stderr.rpartition("URL: ")[2].strip()
    assert home.get(url).json()["env"]["COLOR"] == "blue"
    home.replace(_document(home, "written", COLOR="green"))
    assert home.get(url).json()["env"]["COLOR"] == "green"
    revision = home.revision("written")
    again = home.replace(_document(home, "written", COLOR="green"))
    assert "New configuration has been applied to service [written]." in again.stderr
    assert home.revision("written") == revision


def test_what_describe_exports_is_taken_back_and_changes_nothing(home: Home) -> None:
    home.deploy("exported", "--set-env-vars=A=b --min-instances=1 --concurrency=7")
    before = home.json("run services describe exported")
    exported = home.done("run services describe exported --format=export").stdout
    assert "\nstatus:" not in exported
    home.replace(exported)
    assert home.json("run services describe exported") == before


@on_processes
def test_a_change_of_traffic_alone_makes_no_revision(home: Home) -> None:
    home.replace(_document(home, "shifted"))
    revision = home.revision("shifted")
    document = _document(home, "shifted")
    document["spec"]["traffic"] = [{"revisionName": revision, "percent": 100, "tag": "kept"}]
    answer = home.replace(document)
    assert "Creating Revision" not in answer.stderr
    assert "Routing traffic...done" in answer.stderr
    assert home.revision("shifted") == revision
    assert home.get(home.url("shifted", tag="kept")).status_code == 200


@on_processes
def test_several_documents_are_applied_together_and_a_failure_is_told(home: Home) -> None:
    answer = home.replace([_document(home, "one"), _document(home, "two")])
    assert answer.stderr.count("New configuration has been applied") == 2
    failed = home.replace(_document(home, "one", BEHAVE="exit:3"), well=False)
    assert failed.exit_code == 1
    assert "ERROR: (cloudrun.run.services.replace)" in failed.stderr
    assert home.get(home.url("one")).status_code == 200


@on_processes
def test_async_leaves_the_rest_to_the_emulator(home: Home) -> None:
    answer = home.replace(_document(home, "later-still"), "--async")
    assert "New configuration for [later-still] is being applied asynchronously." in answer.stderr
    assert "Creating Revision" not in answer.stderr
    eventually(lambda: home.get(home.url("later-still")).status_code == 200)
