"""Flags after --container NAME belong to that container. Evidence: recorded (err-flag-after-container), documented."""

from typing import Any

import pytest

from cloudrun_cli.cli.app import find_command
from cloudrun_cli.cli.command import build
from cloudrun_cli.cli.complaints import Misuse


def read(line: str) -> dict[str, Any]:
    command = find_command("run deploy")
    assert command is not None
    return build(command).read(line.split())


def test_without_containers_the_flags_are_the_services_own() -> None:
    values = read("hello --image=a --memory=1Gi")
    assert (values["service"], values["image"], values["memory"], values["containers"]) == ("hello", "a", "1Gi", {})


def test_each_container_has_the_flags_that_follow_its_name() -> None:
    values = read("shop --no-traffic --container app --image=a --port 80 --container=r --image r:7 --no-use-http2")
    assert (values["service"], values["no_traffic"], values["image"]) == ("shop", True, None)
    app, redis = values["containers"]["app"], values["containers"]["r"]
    assert (app["image"], app["port"], app["use_http2"]) == ("a", "80", None)
    assert (redis["image"], redis["port"], redis["use_http2"]) == ("r:7", None, False)
    assert "no_traffic" not in app, "what is about the service is not a container's"


def test_a_repeated_flag_of_a_container_is_merged_within_it() -> None:
    values = read("s --container=a --set-env-vars=A=1 --set-env-vars=B=2 --container=b --set-env-vars=A=3")
    assert values["containers"]["a"]["set_env_vars"] == {"A": "1", "B": "2"}
    assert values["containers"]["b"]["set_env_vars"] == {"A": "3"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        # recorded: what is about the service comes before the first --container
        ("shop --container=app --image=x --no-traffic", "unrecognized arguments: --no-traffic (did you mean '--no-"),
        ("shop --container=app --image=x --quiet", "unrecognized arguments: --quiet (did you mean '--quiet'?)"),
        ("--container=app --image=x shop", "unrecognized arguments: shop"),
        (
            "s --image=x --cpu=1 --container=app --port=80",
            "When --container or --remove-containers is specified --cpu, --image must be specified after --container.",
        ),
        (
            "s --image=x --remove-containers=app",
            "When --container or --remove-containers is specified --image must be specified after --container.",
        ),
        ("s --container=Bad_Name --image=x", "argument --container: Bad value [Bad_Name]"),
        ("s --container=a --image=x --container=a", 'argument --container: "a" cannot be specified multiple times'),
        ("s --container", "argument --container: expected one argument"),
        ("s --container --image=x", "argument --container: expected one argument"),
        ("s --container=a --port=99999", "argument --port: Bad value [99999]"),
        (
            "s --container=a --set-env-vars=A=1 --clear-env-vars",
            "argument --clear-env-vars: At most one of --clear-env-vars | --env-vars-file | --set-env-vars | "
            "--remove-env-vars --update-env-vars can be specified.",
        ),
        ("s --container=a --depends-on=1,2,3,4,5,6,7,8,9,10", "argument --depends-on: too many args"),
    ],
)  # fmt: skip
def test_a_flag_in_the_wrong_place_is_refused(line: str, message: str) -> None:
    with pytest.raises(Misuse) as refused:
        read(line)
    assert refused.value.message.startswith(message)


def test_the_usage_after_a_mistake_in_a_container_is_that_of_the_command() -> None:
    with pytest.raises(Misuse) as refused:
        read("s --container=a --port=99999")
    assert refused.value.advice.startswith("Usage: cloudrun run deploy [SERVICE] [optional flags]")
    assert "--allow-unauthenticated" in refused.value.advice
