"""What the values of single flags may be. Evidence: documented (gcloud run deploy), recorded where said."""

from pathlib import Path

import pytest

from cloudrun_cli.cli.app import find_command
from cloudrun_cli.cli.command import build
from cloudrun_cli.cli.complaints import Misuse
from cloudrun_cli.cli.run.flags.databases import full_name
from cloudrun_cli.cli.run.flags.env import read_env_file
from cloudrun_cli.cli.run.flags.probes import probe
from cloudrun_cli.cli.run.sources import Source, checked, find
from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.resources import Probe
from tests.builders import a_ref


def values(line: str) -> dict[str, object]:
    command = find_command("run deploy")
    assert command is not None
    return build(command).read(["hello", *line.split()])


@pytest.mark.parametrize(
    ("pairs", "made"),
    [
        ({"httpGet.path": "/ready", "httpGet.port": "8080", "periodSeconds": "5"},
         Probe("http", 8080, "/ready", period_seconds=5)),  # recorded: deploy-new-probe
        ({"httpGet.port": "80"}, Probe("http", 80)),
        ({"tcpSocket.port": "6379"}, Probe("tcp", 6379)),
        ({"grpc.port": "1", "grpc.service": "s"}, Probe("grpc", 1, service="s")),
        ({"grpc.service": "", "timeoutSeconds": "2", "failureThreshold": "1", "initialDelaySeconds": "3"},
         Probe("grpc", timeout_seconds=2, failure_threshold=1, initial_delay_seconds=3)),
        ({"httpGet.path": "/", "successThreshold": "2"}, Probe("http", success_threshold=2)),
    ],
)  # fmt: skip
def test_a_health_check_is_read_from_its_pairs(pairs: dict[str, str], made: Probe) -> None:
    assert probe(pairs, "--startup-probe") == made


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ({"periodSeconds": "5"}, "A check is one of httpGet, grpc and tcpSocket; it has none of them"),
        ({"httpGet.path": "/", "tcpSocket.port": "1"}, "it has [httpGet, tcpSocket]"),
        ({"httpGet.port": "http"}, "[httpGet.port] must be a whole number; received: http"),
        ({"httpGet.path": "/", "periodSeconds": "-5"}, "[periodSeconds] must be a whole number; received: -5"),
    ],
)
def test_a_health_check_that_cannot_be_is_refused(pairs: dict[str, str], says: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        probe(pairs, "--startup-probe")
    assert refused.value.message.startswith("--startup-probe: ")
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("typed", "full"),
    [
        ("main", "demo:us-central1:main"),
        ("europe-west1:main", "demo:europe-west1:main"),
        ("other:europe-west1:main", "other:europe-west1:main"),
        ("example.com:other:europe-west1:main", "example.com:other:europe-west1:main"),
    ],
)
def test_a_database_instance_is_of_the_services_project_and_region_unless_said(typed: str, full: str) -> None:
    assert full_name(typed, "demo", "us-central1") == full


@pytest.mark.parametrize("typed", ["", "a:", ":main", "p::main", "Bad_Name"])
def test_what_names_no_database_instance_is_refused(typed: str) -> None:
    with pytest.raises(InvalidArgument, match="Invalid Cloud SQL instance"):
        full_name(typed, "demo", "us-central1")


@pytest.mark.parametrize(
    ("name", "text", "variables"),
    [
        ("vars.yaml", "A: '1'\nB: two\n", {"A": "1", "B": "two"}),
        ("vars.json", '{"A": "1"}', {"A": "1"}),
        (".env", "# said\nexport A='1'\n\nB=\"x=y\"\nC=\n", {"A": "1", "B": "x=y", "C": ""}),
        ("prod.env", "A=1\n", {"A": "1"}),
    ],
)
def test_a_file_of_variables_is_yaml_or_lines(tmp_path: Path, name: str, text: str, variables: dict[str, str]) -> None:
    (tmp_path / name).write_text(text)
    assert read_env_file(str(tmp_path / name)) == variables


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("v.yaml", b"A: 1\n", "values must be strings. Found 1 of type int for [A]"),
        ("v.yaml", b"- A\n", "expected map-like data"),
        ("v.yaml", b"A: [\n", "Invalid YAML"),
        ("v.yaml", b"\xff\xfe\x00", "is not UTF-8 text"),
        ("v.env", b"A=1\nB\n", "Line 2 is not NAME=VALUE: [B]"),
        ("none.yaml", None, "Unable to read file"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, name: str, text: bytes | None, says: str) -> None:
    if text is not None:
        (tmp_path / name).write_bytes(text)
    with pytest.raises(InvalidArgument) as refused:
        read_env_file(str(tmp_path / name))
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--concurrency=0", 'Bad value [0]: must be an integer between 1 and 1000, inclusive, or "default".'),
        ("--max-instances=0", 'Bad value [0]: must be an integer of at least 1, or "default".'),
        ("--min=-1", 'Bad value [-1]: must be a non-negative integer, or "default".'),
        ("--scaling=some", 'Bad value [some]: must be a non-negative integer, or "auto".'),
        (
            "--scaling-cpu-target=1.5",
            'Bad value [1.5]: must be from 0.1 to 0.95 with at most two decimals, or one of "default" and "disabled".',
        ),
        ("--ingress=none", "Invalid choice: 'none'."),
        ("--execution-environment=gen3", "Invalid choice: 'gen3'."),
        ("--gpu=-1", "Value must be greater than or equal to 0; received: -1"),
        ("--encryption-key-shutdown-hours=x", "Value must be an integer; received: x"),
        ("--liveness-probe=tcpSocket.port=1", "valid keys are ["),
        ("--add-volume-mount=volume=v", "Key [mount-path] required in dict arg but not provided"),
        ("--labels=a=1 --update-labels=b=2", "At most one of --labels | --update-labels can be specified."),
        ("--command=a --function=f", "At most one of --command | --function can be specified."),
        ("--key=k --clear-key", "At most one of --clear-key | --key can be specified."),
    ],
)
def test_a_value_that_no_flag_takes_is_a_misuse(line: str, says: str) -> None:
    with pytest.raises(Misuse) as refused:
        values(line)
    assert says in refused.value.message


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--container=a --source=. --container=b --source=.", "One container of a deploy is built from source"),
        ("--image=x --function=hello", "--function: A function is built from source"),
    ],
)
def test_one_source_is_built(line: str, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        find(values(line))


def test_a_dockerfile_says_itself_what_it_is_built_on_and_runs(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    for flag in ("--base-image=python313", "--function=hello"):
        asked = values(f"--source={tmp_path} {flag}")
        with pytest.raises(InvalidArgument, match="The source has a Dockerfile"):
            checked(find(asked), asked, a_ref())
    asked = values(f"--source={tmp_path} --command=/app")
    source, left = checked(find(asked), asked, a_ref())
    assert (source and source.entrypoint, left["command"]) == ("", ["/app"])


def test_the_command_of_a_source_without_one_is_its_entry_point(tmp_path: Path) -> None:
    asked = values(f"--container=app --source={tmp_path} --command=python3,a~b.py --port=80 --container=b --command=x")
    source, left = checked(find(asked), asked, a_ref())
    assert source == Source(str(tmp_path), "app", entrypoint="python3 'a~b.py'")
    containers = left["containers"]
    assert (containers["app"]["command"], containers["b"]["command"]) == (None, ["x"])


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("us-docker.pkg.dev/p/repo", "us-docker.pkg.dev/p/repo/hello"),
        ("us-docker.pkg.dev/p/repo/hello", "us-docker.pkg.dev/p/repo/hello"),
    ],
)
def test_an_image_beside_a_source_names_its_repository(tmp_path: Path, image: str, name: str) -> None:
    asked = values(f"--source={tmp_path} --image={image}")
    source, left = checked(find(asked), asked, a_ref())
    assert (source and source.image, left["image"]) == (name, None)


@pytest.mark.parametrize("image", ["x", "us-docker.pkg.dev/p/repo/other", "us-docker.pkg.dev/p/repo:v1"])
def test_an_image_that_is_no_repository_is_refused_beside_a_source(tmp_path: Path, image: str) -> None:
    asked = values(f"--source={tmp_path} --image={image}")
    with pytest.raises(InvalidArgument, match=r"Invalid value for \[--image\]: With --source it names the repository"):
        checked(find(asked), asked, a_ref())
