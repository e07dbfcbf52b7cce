"""What the container's process is given. Evidence: documented (container runtime contract, section 3.2)."""

from dataclasses import replace

from cloudrun_cli.core.contract import environment, not_yet, port, speaks_h2
from cloudrun_cli.core.resources import Container, ContainerPort, EnvVar
from cloudrun_cli.core.volumes import CloudSql, EmptyDir, SecretKey, SecretVolume, Volume
from tests.builders import HELLO, a_revision, a_template

APP = Container(HELLO, port=ContainerPort(9000, "h2c"), env=(EnvVar("MODE", "prod"), EnvVar("K_SERVICE", "forged")))
SIDECAR = Container("redis:7", env=(EnvVar("A", "1"),))
REVISION = a_revision("api-00007-k2d", service="api", template=a_template(containers=(APP, SIDECAR)))


def test_the_platform_names_service_revision_and_port_over_what_the_user_set() -> None:
    assert environment(REVISION, APP) == {
        "MODE": "prod",
        "K_SERVICE": "api",
        "K_REVISION": "api-00007-k2d",
        "K_CONFIGURATION": "api",
        "PORT": "9000",
    }


def test_a_sidecar_has_no_port() -> None:
    assert environment(REVISION, SIDECAR) == {
        "A": "1",
        "K_SERVICE": "api",
        "K_REVISION": "api-00007-k2d",
        "K_CONFIGURATION": "api",
    }


def test_what_does_not_reach_the_instances_yet_is_told_and_is_not_there() -> None:
    app = replace(APP, env=(EnvVar("KEY", secret=SecretKey("key", "latest")), EnvVar("A", "1")))
    volumes = (Volume("k", SecretVolume("key")), Volume("tmp", EmptyDir()), Volume("sql", CloudSql(("p:r:i",))))
    template = a_template(containers=(app,), volumes=volumes)
    assert not_yet(template) == "Recorded, but not given to its instances: volumes [sql]."
    assert "KEY" not in environment(REVISION, app)  # whoever may read secrets lays it beside
    sql = {"run.googleapis.com/cloudsql-instances": "p:r:i"}
    assert not_yet(a_template(annotations=sql)) == "Recorded, but not given to its instances: Cloud SQL sockets."
    assert not_yet(a_template(volumes=(Volume("tmp", EmptyDir()),))) == ""


def test_credentials_and_project_are_not_in_the_environment() -> None:
    assert not {"GOOGLE_CLOUD_PROJECT", "GOOGLE_APPLICATION_CREDENTIALS", "HOSTNAME"} & set(environment(REVISION, APP))


def test_requests_go_to_the_port_in_the_protocol_it_is_named_for() -> None:
    assert (port(APP), speaks_h2(APP)) == (9000, True)
    assert (port(SIDECAR), speaks_h2(SIDECAR)) == (8080, False)
    assert not speaks_h2(Container(HELLO, port=ContainerPort()))
