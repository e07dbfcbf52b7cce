"""Probes of a lone container, on each runtime: startup, liveness, readiness. Evidence: documented (Configure container
health checks)."""

import os
import time
from typing import Any

import yaml

from tests.e2e.world import Home, eventually

OFTEN = {"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 1}
HEALTH = {"httpGet": {"path": "/health"}}


def a_service(home: Home, name: str, behave: str = "", **probes: Any) -> str:
    """A YAML file of a service of the app with probes."""
    container = {"image": home.image, "ports": [{"containerPort": 8080}], **probes}
    container["env"] = [{"name": "BEHAVE", "value": behave}]
    annotations = {"autoscaling.knative.dev/maxScale": "1"}
    template = {"metadata": {"annotations": annotations}, "spec": {"containers": [container]}}
    body = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": name}}
    (home.work / f"{name}.yaml").write_text(yaml.safe_dump({**body, "spec": {"template": template}}))
    return f"{name}.yaml"


def serving(home: Home, name: str, behave: str = "", **probes: Any) -> str:
    """Its URL, once it is deployed and open to everybody."""
    home.done(f"run services replace {a_service(home, name, behave, **probes)} --region=us-central1")
    invoker = "--member=allUsers --role=roles/run.invoker"
    home.done(f"run services add-iam-policy-binding {name} --region=us-central1 {invoker}")
    return home.url(name)


def texts(home: Home, service: str) -> list[str]:
    return [str(entry.get("textPayload", "")) for entry in home.entries(service)]


def test_an_http_startup_probe_holds_requests_back_until_it_passes(home: Home) -> None:
    url = serving(home, "slow", "late:1.5", startupProbe={**OFTEN, **HEALTH, "failureThreshold": 10})
    assert home.get(url).status_code == 200
    said = [text for text in texts(home, "slow") if text.startswith("STARTUP HTTP probe succeeded after ")]
    assert len(said) == 1
    assert " attempts for container " in said[0]
    assert said[0].endswith(" on port 8080.")


def test_a_startup_probe_that_fails_as_often_as_it_may_fails_the_deploy(home: Home) -> None:
    file = a_service(home, "sick", "sick", startupProbe={**OFTEN, **HEALTH, "failureThreshold": 2})
    answer = home.cloudrun(f"run services replace {file} --region=us-central1")
    assert answer.exit_code == 1
    assert "STARTUP HTTP probe failed 2 times consecutively for container " in answer.stderr
    assert "The last try: HTTP status 500." in answer.stderr
    assert any(text.endswith(" on port 8080. The instance was not started.") for text in texts(home, "sick"))
    eventually(lambda: not home.instances("sick"))


def test_a_tcp_startup_probe_waits_no_longer_than_it_says(home: Home) -> None:
    probe = {"periodSeconds": 1, "timeoutSeconds": 1, "failureThreshold": 2, "tcpSocket": {"port": 8080}}
    file = a_service(home, "mute", "silent", startupProbe=probe)
    began = time.monotonic()
    answer = home.cloudrun(f"run services replace {file} --region=us-central1")
    assert answer.exit_code == 1
    assert time.monotonic() - began < 30  # and not four minutes
    assert "within 2 s" in answer.stderr
    said = "STARTUP TCP probe failed 2 times consecutively for container "
    assert any(text.startswith(said) for text in texts(home, "mute"))


def test_a_failed_liveness_probe_kills_the_instance_and_its_requests_end_with_503(home: Home) -> None:
    twice = {"failureThreshold": 2}  # one that is late on a busy machine is none of ours
    url = serving(home, "mortal", livenessProbe={**OFTEN, **HEALTH, **twice})
    first = home.get(url).json()["pid"] if home.runtime == "process" else home.instances("mortal")[0]
    waiting = home.fetching(f"{url}/wait")
    time.sleep(0.5)
    home.get(f"{url}/sicken/60")
    assert waiting().status_code == 503
    said = "LIVENESS HTTP probe failed 2 times consecutively for container "
    eventually(lambda: any(text.startswith(said) for text in texts(home, "mortal")))
    (text,) = [text for text in texts(home, "mortal") if text.startswith(said)]
    assert text.endswith(" on port 8080. The instance has been shut down.")
    assert "SIGTERM received, good bye" not in texts(home, "mortal")
    answer = home.get(url)
    assert answer.status_code == 200
    if home.runtime == "process":
        assert answer.json()["pid"] != first
    else:
        assert first not in home.instances("mortal")


def test_an_unready_instance_gets_no_new_requests_until_it_is_ready_again(home: Home) -> None:
    url = serving(home, "moody", readinessProbe={**OFTEN, **HEALTH, "successThreshold": 1})
    (instance,) = home.instances("moody")
    began = time.monotonic()
    home.get(f"{url}/sicken/2")
    eventually(lambda: any(text.startswith("READINESS HTTP probe failed 1 time") for text in texts(home, "moody")))
    assert home.get(url).status_code == 200  # it has waited
    assert time.monotonic() - began >= 2
    assert any(text.startswith("READINESS HTTP probe succeeded after 1 ") for text in texts(home, "moody"))
    assert home.instances("moody") == [instance]


def test_liveness_is_asked_on_after_the_daemon_was_killed(home: Home) -> None:
    url = serving(home, "kept-alive", livenessProbe={**OFTEN, **HEALTH})
    (first,) = home.instances("kept-alive")
    os.kill(home.status()["pid"], 9)
    eventually(lambda: home.cloudrun("emulator status").exit_code == 0)
    assert home.get(f"{url}/sicken/60").status_code == 200
    eventually(lambda: first not in home.instances("kept-alive"))
    assert home.get(url).status_code == 200
