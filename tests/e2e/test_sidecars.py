"""A service of several containers, from its YAML to its end: start order, probes, volumes, logs, and one life.
Evidence: documented (container runtime contract; Configure container health checks; Deploy multiple containers)."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h2
import hpack
import hyperframe
import pytest
import yaml

from cloudrun_cli.runtime import docker_labels as labels
from tests.docker_images import an_image, python_base
from tests.e2e.world import Home, engine, eventually

PROGRAM = Path(__file__).parent / "programs" / "pair.py"
TAG = "cloudrun-test/e2e-pair:latest"
OFTEN = {"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1}
TWICE = {**OFTEN, "failureThreshold": 2}  # one that is late on a busy machine is none of ours


@pytest.fixture(scope="module")
def pair_image() -> str:
    """Both programs in one image."""
    command = 'CMD ["python3", "-u", "/pair.py"]'
    an_image(engine(), python_base(engine()), {"pair.py": PROGRAM.read_text()}, tag=TAG, instructions=[command])
    return TAG


@pytest.fixture(scope="module")
def docker_home() -> Iterator[Home]:
    """A home on Docker whose services outlive a test."""
    made = Home("docker")
    yield made
    made.close()


def a_service(name: str, image: str, *, side: dict[str, Any] | None = None, app: dict[str, Any] | None = None) -> str:
    """The YAML of a service of two containers, the first of which waits for the second."""
    shared = {"name": "shared", "mountPath": "/shared"}
    containers = [
        {
            "name": "app",
            "image": image,
            "ports": [{"containerPort": 8080}],
            "volumeMounts": [shared, {"name": "things", "mountPath": "/bucket"}],
            "resources": {"limits": {"cpu": "1", "memory": "256Mi"}},
            **(app or {}),
        },
        {
            "name": "side",
            "image": image,
            "startupProbe": {**OFTEN, "failureThreshold": 10, "httpGet": {"path": "/started", "port": 9000}},
            "volumeMounts": [shared],
            "resources": {"limits": {"cpu": "500m", "memory": "128Mi"}},
            **(side or {}),
        },
    ]
    volumes = [
        {"name": "shared", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}},
        {"name": "things", "csi": {"driver": "gcsfuse.run.googleapis.com", "volumeAttributes": {"bucketName": "bits"}}},
    ]
    annotations = {"run.googleapis.com/container-dependencies": '{"app":["side"]}'}
    template = {"metadata": {"annotations": annotations}, "spec": {"containers": containers, "volumes": volumes}}
    spec = {"template": template}
    body = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}
    return yaml.safe_dump(body, sort_keys=False)


def replace(home: Home, name: str, text: str) -> str:
    """Apply the YAML of a service, open it to everybody, and tell its URL."""
    (home.work / f"{name}.yaml").write_text(text)
    home.done(f"run services replace {name}.yaml --region=us-central1")
    invoker = "--member=allUsers --role=roles/run.invoker"
    home.done(f"run services add-iam-policy-binding {name} --region=us-central1 {invoker}")
    return home.url(name)


def texts(home: Home, service: str) -> list[str]:
    return [str(entry.get("textPayload", "")) for entry in home.entries(service)]


@pytest.mark.docker
def test_a_service_of_two_containers_lives_as_one(docker_home: Home, pair_image: str) -> None:
    home = docker_home
    (home.home / "buckets" / "bits").mkdir(parents=True)
    (home.home / "buckets" / "bits" / "object.txt").write_text("an object")
    slow = {"env": [{"name": "SLOW", "value": "1.5"}]}
    url = replace(home, "pair", a_service("pair", pair_image, side=slow))
    told = home.get(f"{url}/env").json()
    assert told["greeting"] == "hello from the side"  # one folder in memory
    assert told["bucket"] == ["object.txt"]
    assert told["env"]["PORT"] == "8080"
    assert "PORT" not in told["side"]["env"]  # reached by name, on localhost
    assert told["side"]["env"]["K_SERVICE"] == "pair"
    assert told["started"] >= told["side"]["started"] + 1.5  # the app waited for the probe

    (instance,) = set(home.instances("pair"))
    rows = engine().containers(filters={"label": f"{labels.INSTANCE}={instance}"})
    limits = {row["Labels"][labels.CONTAINER]: engine().inspect_container(row["Id"])["HostConfig"] for row in rows}
    assert {name: limit["Memory"] >> 20 for name, limit in limits.items()} == {"app": 256, "side": 128}
    assert {name: limit["CpuQuota"] for name, limit in limits.items()} == {"app": 100_000, "side": 50_000}

    began = {e["labels"]["container_name"] for e in home.entries("pair") if e.get("textPayload") == "begins"}
    assert began == {"app", "side"}
    passed = re.compile(r'STARTUP HTTP probe succeeded after \d attempts for container "side" on port 9000\.')
    assert any(passed.fullmatch(text) for text in texts(home, "pair"))


@pytest.mark.docker
def test_a_killed_daemon_finds_all_of_it_again_and_a_stop_reaches_every_container(
    docker_home: Home, pair_image: str
) -> None:
    home = docker_home
    url = replace(home, "kept", a_service("kept", pair_image))
    before = home.get(url).json()["started"]
    os.kill(home.status()["pid"], signal.SIGKILL)
    eventually(lambda: home.cloudrun("emulator status").exit_code == 0)
    assert home.get(url).json()["started"] == before
    home.done("run services delete kept --region=us-central1")
    eventually(lambda: not home.instances("kept"))
    eventually(lambda: not volumes_of(home, "kept"), lambda: str(volumes_of(home, "kept")))


@pytest.mark.docker
def test_the_end_of_a_sidecar_is_the_end_of_the_instance(docker_home: Home, pair_image: str) -> None:
    home = docker_home
    url = replace(home, "brittle", a_service("brittle", pair_image))
    (first,) = set(home.instances("brittle"))
    home.get(f"{url}/leave")
    eventually(lambda: first not in home.instances("brittle"))
    eventually(lambda: "Container [side] called exit(5)." in texts(home, "brittle"))
    assert home.get(url).status_code == 200  # the next request starts another
    assert first not in home.instances("brittle")


@pytest.mark.docker
def test_an_instance_that_fails_its_liveness_probe_is_killed_and_another_serves(
    docker_home: Home, pair_image: str
) -> None:
    home = docker_home
    alive = {"livenessProbe": {**TWICE, "httpGet": {"path": "/health", "port": 9000}}}
    url = replace(home, "mortal", a_service("mortal", pair_image, side=alive))
    (first,) = set(home.instances("mortal"))
    waiting = home.fetching(f"{url}/wait")
    time.sleep(0.5)
    home.get(f"{url}/break")
    assert waiting().status_code == 503
    said = 'LIVENESS HTTP probe failed 2 times consecutively for container "side" on port 9000. '
    eventually(lambda: f"{said}The instance has been shut down." in texts(home, "mortal"))
    assert home.get(url).status_code == 200
    assert first not in home.instances("mortal")
    assert "SIGTERM received, good bye" not in texts(home, "mortal")


@pytest.mark.docker
def test_grpc_probes_go_by_the_health_protocol(docker_home: Home, pair_image: str) -> None:
    home = docker_home
    files = {"health.py": (PROGRAM.parent / "grpc_health.py").read_text()}
    for library in (h2, hpack, hyperframe):  # they are Python only, so this machine's do in the image
        folder = Path(str(library.__file__)).parent
        files |= {f"libs/{folder.name}/{one.name}": one.read_text() for one in folder.glob("*.py")}
    tag = "cloudrun-test/e2e-grpc-health:latest"
    instructions = ["ENV PYTHONPATH=/libs", 'CMD ["python3", "-u", "/health.py"]']
    an_image(engine(), python_base(engine()), files, tag=tag, instructions=instructions)
    asks = {**TWICE, "grpc": {"port": 9000, "service": "shop"}}
    probes = {"startupProbe": {**asks, "failureThreshold": 5}, "livenessProbe": asks}
    side = {"image": tag, "env": [{"name": "WELL", "value": "4"}], "volumeMounts": [], **probes}
    replace(home, "graded", a_service("graded", pair_image, side=side))
    passed = re.compile('STARTUP GRPC probe succeeded after \\d attempts? for container "side" on port 9000.')
    assert any(passed.fullmatch(text) for text in texts(home, "graded"))  # more than 1: it was half started
    failed = 'LIVENESS GRPC probe failed 2 times consecutively for container "side" on port 9000. '
    eventually(lambda: f"{failed}The instance has been shut down." in texts(home, "graded"))
    assert "check 4" in texts(home, "graded")


@pytest.mark.docker
def test_a_startup_probe_that_never_passes_fails_the_deploy_by_name(docker_home: Home, pair_image: str) -> None:
    home = docker_home
    never = {"startupProbe": {**OFTEN, "failureThreshold": 2, "httpGet": {"path": "/x", "port": 9001}}}
    (home.work / "ill.yaml").write_text(a_service("ill", pair_image, side=never))
    answer = home.cloudrun("run services replace ill.yaml --region=us-central1")
    assert answer.exit_code == 1
    said = 'STARTUP HTTP probe failed 2 times consecutively for container "side" on port 9001.'
    assert said in answer.stderr
    assert "no connection: Connection refused" in answer.stderr
    revision = home.json(f"run revisions describe {home.revision('ill')} --region=us-central1")
    conditions = revision["status"]["conditions"]
    assert "HealthCheckContainerError" in {c.get("reason") for c in conditions}
    assert f"{said} The instance was not started." in texts(home, "ill")
    eventually(lambda: not home.instances("ill"))


@pytest.mark.docker
def test_a_sidecar_that_cannot_start_fails_the_deploy_with_its_last_words(docker_home: Home, pair_image: str) -> None:
    leaves = {"command": ["python3", "-c", "print('no config'); raise SystemExit(4)"]}
    home = docker_home
    (home.work / "gone.yaml").write_text(a_service("gone", pair_image, side=leaves))
    answer = home.cloudrun("run services replace gone.yaml --region=us-central1")
    assert answer.exit_code == 1
    assert "The container [side] exited with code 4 before the instance was ready." in answer.stderr
    assert "no config" in answer.stderr


def test_on_plain_processes_it_is_refused_by_name(process_home: Home) -> None:
    hello = "us-docker.pkg.dev/cloudrun/container/hello"
    (process_home.work / "pair.yaml").write_text(a_service("pair", hello))
    answer = process_home.cloudrun("run services replace pair.yaml --region=us-central1")
    assert answer.exit_code == 1
    assert "Containers [side] cannot run beside [app]" in answer.stderr
    assert "cloudrun config set run/runtime docker" in answer.stderr


def volumes_of(home: Home, service: str) -> list[str]:
    """The engine's volumes of this home's instances that do not run."""
    wanted = {"label": [f"{labels.HOME}={home.home}", f"{labels.KIND}={labels.KIND_VOLUME}"]}
    rows = engine().volumes(filters=wanted)["Volumes"] or []
    running = set(home.instances())
    return [row["Name"] for row in rows if row["Labels"][labels.INSTANCE] not in running]
