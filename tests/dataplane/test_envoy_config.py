"""Envoy's configuration: what must hold in every listener, and that Envoy itself accepts it."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudrun_cli.core.admission import BROKEN, CONTROL_PLANE_AWAY, NO_INSTANCE, PAGE_NOT_FOUND, TIMED_OUT, Refusal
from cloudrun_cli.dataplane import answers, envoy_config
from cloudrun_cli.dataplane.body_limit import BODY_LIMIT, LIMITED, no_length
from cloudrun_cli.dataplane.envoy import find_binary
from cloudrun_cli.dataplane.envoy_config import Edge, Inside

EDGE = Edge(Path("/state"), 9080, 9443)


def managers(*doors: int) -> dict[str, dict[str, Any]]:
    """Each listener's connection manager."""
    listeners = json.loads(envoy_config.listeners(EDGE, doors))["resources"]
    return {one["name"]: one["filter_chains"][0]["filters"][0]["typed_config"] for one in listeners}


def test_there_is_a_listener_per_door_beside_the_two_of_the_edge() -> None:
    listeners = json.loads(envoy_config.listeners(EDGE, [20002, 20001, 20001]))["resources"]
    places = {one["name"]: one["address"] for one in listeners}
    assert places.pop("internal") == {"pipe": {"path": f"{EDGE.state}/internal.sock", "mode": 0o600}}
    ports = {name: place["socket_address"]["port_value"] for name, place in places.items()}
    assert ports == {"http": 9080, "https": 9443, "door-20001": 20001, "door-20002": 20002}
    assert {place["socket_address"]["address"] for place in places.values()} == {"127.0.0.1"}


def test_the_load_balancer_has_a_listener_where_it_has_a_port() -> None:
    listeners = json.loads(envoy_config.listeners(replace(EDGE, load_balancer_port=8081), []))["resources"]
    found = {one["name"]: one for one in listeners}["load-balancer"]
    assert found["address"]["socket_address"] == {"address": "127.0.0.1", "port_value": 8081}
    filters = found["filter_chains"][0]["filters"][0]["typed_config"]["http_filters"]
    told = filters[2]["typed_config"]["http_service"]["authorization_request"]["headers_to_add"]
    assert told == [{"key": "x-crl-entry", "value": "load-balancer"}]


def test_instances_have_listeners_of_their_own_on_their_network_where_they_are_told_by_their_address() -> None:
    inside = Inside("172.18.0.1", "172.18.0.0/16")
    found = {one["name"]: one for one in json.loads(envoy_config.listeners(EDGE, [], inside))["resources"]}
    for name, port in (("inside-http", 9080), ("inside-https", 9443)):
        assert found[name]["address"]["socket_address"] == {"address": "172.18.0.1", "port_value": port}
        (chain,) = found[name]["filter_chains"]
        assert chain["filter_chain_match"] == {
            "source_prefix_ranges": [{"address_prefix": "172.18.0.0", "prefix_len": 16}]
        }
        manager = chain["filters"][0]["typed_config"]
        told = manager["http_filters"][2]["typed_config"]["http_service"]["authorization_request"]
        assert told == {
            "headers_to_add": [{"key": "x-crl-peer", "value": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"}]
        }
        assert "x-crl-" in json.dumps(manager["early_header_mutation_extensions"])


@pytest.mark.parametrize("listener", ["http", "https", "door-20001"])
def test_headers_that_decisions_rest_on_are_removed_before_anything_reads_them(listener: str) -> None:
    mutations = managers(20001)[listener]["early_header_mutation_extensions"][0]["typed_config"]["mutations"]
    assert [one["remove_on_match"]["key_matcher"] for one in mutations] == [
        {"prefix": "x-envoy-", "ignore_case": True},
        {"prefix": "x-crl-", "ignore_case": True},
    ]
    assert "x-crl-entry" not in json.dumps(managers(20001)[listener]), "only the internal socket's clients say it"
    assert "preserve_external_request_id" not in json.dumps(managers(20001))


def test_only_doors_tell_the_gate_their_number() -> None:
    told = {
        name: manager["http_filters"][2]["typed_config"]["http_service"].get("authorization_request")
        for name, manager in managers(20001).items()
    }
    door = {"headers_to_add": [{"key": "x-crl-door", "value": "20001"}]}
    assert told == {"http": None, "https": None, "internal": None, "door-20001": door}


@pytest.mark.parametrize("refusal", [BROKEN, NO_INSTANCE, TIMED_OUT, CONTROL_PLANE_AWAY])
def test_a_5xx_of_the_gate_travels_in_disguise_and_is_turned_back(refusal: Refusal) -> None:
    said = int(answers.no(refusal, "/").split(b" ")[1])
    assert 400 <= said < 500
    mappers = managers()["http"]["local_reply_config"]["mappers"]
    refused = {"response_flag_filter": {"flags": ["UAEX"]}}
    back = {
        one["filter"]["and_filter"]["filters"][1]["status_code_filter"]["comparison"]["value"]["default_value"]: one
        for one in mappers
        if refused in one["filter"].get("and_filter", {}).get("filters", ())
    }
    assert back[said]["status_code"] == refusal.status


def test_other_refusals_keep_their_status() -> None:
    assert answers.no(PAGE_NOT_FOUND, "/").startswith(b"HTTP/1.1 404 ")


def test_every_wait_may_last_as_long_as_the_longest_request() -> None:
    service = managers()["http"]["http_filters"][2]["typed_config"]["http_service"]
    assert service["server_uri"]["timeout"] == "3700s"
    assert service["retry_policy"]["retry_back_off"]["max_interval"] == "3700s"  # Envoy limits each try by it


def test_only_requests_without_a_length_that_may_have_a_body_are_counted() -> None:
    """The filter is off unless the first route, chosen before the gate has answered, turns it on; only the route that
    is chosen after its answer refuses. So gRPC, the Admin API and everything that says its length pass untouched."""
    manager = managers()["http"]
    assert next(one for one in manager["http_filters"] if one["name"] == BODY_LIMIT)["disabled"]
    routes = manager["route_config"]["virtual_hosts"][0]["routes"]
    counting = [route for route in routes if BODY_LIMIT in route.get("typed_per_filter_config", {})]
    bounded = [route for route in routes if route.get("name") == LIMITED]
    assert [(route["match"]["headers"], "dynamic_metadata" in route["match"]) for route in counting + bounded] == [
        (no_length(), False),
        (no_length(), True),
    ]
    assert bounded[0]["route"]["cluster"] == "inst_h1"


def test_envoy_accepts_the_bootstrap(tmp_path: Path) -> None:
    edge = Edge(tmp_path, 9080, 9443)
    (tmp_path / "lds").mkdir()
    (tmp_path / envoy_config.LISTENERS_FILE).write_text(envoy_config.listeners(edge, [20001]))
    (tmp_path / "envoy.json").write_text(envoy_config.bootstrap(edge))
    command = [str(find_binary()), "-c", str(tmp_path / "envoy.json"), "--mode", "validate", "--log-level", "error"]
    checked = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert checked.returncode == 0, checked.stderr
