"""Deploying, looking at it, and taking it away again: the commands of a first day, on both runtimes."""

import json

from tests.e2e.world import Home, eventually, on_processes


def test_a_deploy_ends_with_a_url_that_answers_and_says_so_on_stderr_only(home: Home) -> None:
    answer = home.deploy("first")
    assert answer.stdout == ""
    assert "Creating Revision...done\nRouting traffic...done\nDone.\n" in answer.stderr
    name = home.revision("first")
    assert (
        f"Service [first] revision [{name}] has been deployed and is serving 100 percent of traffic." in answer.stderr
    )
    url = home.url("first")
    assert f"Service URL: {url}\n" in answer.stderr
    assert home.get(url).json()["env"]["K_REVISION"] == name
    own_port = answer.stderr.partition("Own port:")[2].split()[0]
    assert home.http.get(own_port).json()["env"]["K_SERVICE"] == "first"


def test_a_failed_revision_leaves_the_old_one_serving_everything(home: Home) -> None:
    home.deploy("kept")
    serving = home.revision("kept")
    failed = home.cloudrun(f"run deploy kept --image={home.image} --set-env-vars=BEHAVE=exit:3")
    assert failed.exit_code == 1
    assert failed.stdout == ""
    found = home.json("run services describe kept")
    assert found["status"]["latestReadyRevisionName"] == serving != found["status"]["latestCreatedRevisionName"]
    assert [(t["revisionName"], t["percent"]) for t in found["status"]["traffic"]] == [(serving, 100)]
    assert home.get(home.url("kept")).json()["env"]["K_REVISION"] == serving
    home.deploy("kept", "--clear-env-vars")
    assert home.get(home.url("kept")).json()["env"]["K_REVISION"] == home.revision("kept") != serving


@on_processes
def test_no_traffic_with_a_tag_makes_a_revision_that_only_its_own_address_reaches(home: Home) -> None:
    home.deploy("split", "--set-env-vars=COLOR=blue")
    answer = home.deploy("split", "--set-env-vars=COLOR=green --no-traffic --tag=green")
    assert "is serving 0 percent of traffic" in answer.stderr
    assert home.get(home.url("split")).json()["env"]["COLOR"] == "blue"
    tagged = home.url("split", tag="green")
    assert f"The revision can be reached directly at {tagged}" in answer.stderr
    assert home.get(tagged).json()["env"]["COLOR"] == "green"


@on_processes
def test_a_private_service_answers_403_until_it_is_made_public(home: Home) -> None:
    answer = home.done(f"run deploy private --image={home.image}")
    assert "Proxy locally with: cloudrun run services proxy private --region us-central1" in answer.stderr
    assert home.get(home.url("private")).status_code == 403
    home.deploy("private")
    assert home.get(home.url("private")).status_code == 200
    home.done(f"run deploy private --image={home.image} --no-allow-unauthenticated")
    assert home.get(home.url("private")).status_code == 403


@on_processes
def test_the_environment_is_set_updated_removed_cleared_and_read_from_a_file(home: Home) -> None:
    def seen() -> dict[str, str]:
        env = home.get(home.url("env")).json()["env"]
        return {name: env[name] for name in ("A", "B", "C") if name in env}

    home.deploy("env", "--set-env-vars=A=1,B=two")
    assert seen() == {"A": "1", "B": "two"}
    home.deploy("env", "--update-env-vars=^:^B=x,y:C=3")
    assert seen() == {"A": "1", "B": "x,y", "C": "3"}
    home.deploy("env", "--remove-env-vars=A")
    assert seen() == {"B": "x,y", "C": "3"}
    (home.work / "env.yaml").write_text("A: 'from a file'\n")
    home.deploy("env", "--env-vars-file=env.yaml")
    assert seen() == {"A": "from a file"}
    home.deploy("env", "--clear-env-vars")
    assert seen() == {}


def test_the_app_is_told_who_it_is_and_who_asked(home: Home) -> None:
    home.deploy("contract", "--args=one,two --port=9009" if home.runtime == "process" else "--port=9009")
    told = home.get(home.url("contract"), headers={"X-Forwarded-For": "1.2.3.4"}).json()
    env, headers = told["env"], {name.lower(): value for name, value in told["headers"].items()}
    assert (env["K_SERVICE"], env["K_CONFIGURATION"]) == ("contract", "contract")
    assert env["K_REVISION"] == home.revision("contract")
    assert env["PORT"].isdigit()
    if home.runtime == "docker":
        assert env["PORT"] == "9009"  # a process cannot have a port for itself, so there PORT is another
    assert headers["x-forwarded-for"].startswith("1.2.3.4")
    assert headers["x-forwarded-proto"] == "http"
    assert headers["host"] == home.url("contract").removeprefix("http://")
    assert headers["traceparent"]
    assert headers["x-cloud-trace-context"]
    assert "x-crl-door" not in headers


def test_command_and_args_replace_those_of_the_image(home: Home) -> None:
    path = "/app.py" if home.runtime == "docker" else "main.py"
    home.deploy("words", f"--command=python3 --args={path},--flag,value")
    assert home.get(home.url("words")).json()["args"] == ["--flag", "value"]


@on_processes
def test_a_revision_is_named_by_its_suffix_and_limited_by_its_flags(home: Home) -> None:
    home.deploy("limits", "--revision-suffix=v1 --concurrency=7 --max-instances=3 --memory=256Mi --cpu=1 --timeout=30")
    found = home.json("run revisions describe limits-v1")
    assert found["spec"]["containerConcurrency"] == 7
    assert found["spec"]["timeoutSeconds"] == 30
    assert found["metadata"]["annotations"]["autoscaling.knative.dev/maxScale"] == "3"
    assert found["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "1", "memory": "256Mi"}
    again = home.cloudrun(f"run deploy limits --image={home.image} --revision-suffix=v1")
    assert again.exit_code == 1
    assert "already exists" in again.stderr


def test_minimum_instances_are_kept_warm(home: Home) -> None:
    home.deploy("warm", "--min-instances=2")
    eventually(lambda: len(home.instances("warm")) == 2)
    home.deploy("warm", "--min-instances=default")
    eventually(lambda: len(home.instances("warm")) <= 1)


@on_processes
def test_the_same_name_in_two_regions_is_two_services(home: Home) -> None:
    home.deploy("twin", "--set-env-vars=AT=us")
    home.deploy("twin", "--set-env-vars=AT=eu --region=europe-west1")
    assert home.get(home.url("twin")).json()["env"]["AT"] == "us"
    assert home.get(home.url("twin", region="europe-west1")).json()["env"]["AT"] == "eu"
    home.done("run services delete twin --region=europe-west1 --quiet")
    assert home.get(home.url("twin")).status_code == 200


@on_processes
def test_async_returns_before_the_revision_is_ready_and_json_is_the_service(home: Home) -> None:
    answer = home.deploy("later", "--async --format=json")
    assert json.loads(answer)["metadata"]["name"] == "later"
    eventually(lambda: home.get(home.url("later")).status_code == 200)


def test_a_service_is_listed_described_and_deleted_with_its_revisions(home: Home) -> None:
    home.deploy("gone")
    names = [service["metadata"]["name"] for service in home.json("run services list")]
    assert "gone" in names
    assert "URL:" in home.done("run services describe gone")
    url, revision = home.url("gone"), home.revision("gone")
    deleted = home.done("run services delete gone --quiet")
    assert deleted.stdout == ""
    assert "Deleted service [gone]." in deleted.stderr
    assert home.cloudrun("run services describe gone").exit_code == 1
    assert home.cloudrun(f"run revisions describe {revision}").exit_code == 1
    eventually(lambda: home.get(url).status_code == 404)
    eventually(lambda: not home.instances("gone"))


@on_processes
def test_a_revision_is_deleted_only_when_nothing_needs_it(home: Home) -> None:
    home.deploy("old", "--revision-suffix=a")
    refused = home.cloudrun("run revisions delete old-a --quiet")
    assert refused.exit_code == 1
    assert "cannot be directly deleted" in refused.stderr
    home.deploy("old", "--revision-suffix=b")
    home.done("run revisions delete old-a --quiet")
    assert [r["metadata"]["name"] for r in home.json("run revisions list --service=old")] == ["old-b"]
    assert home.get(home.url("old")).status_code == 200
