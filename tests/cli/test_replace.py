"""`run services replace` up to where the emulator is needed. Evidence: recorded (transcripts), ours (several files)."""

from pathlib import Path

from tests.conftest import Cloudrun

DOCUMENT = """
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: NAME
  creationTimestamp: 2026-01-01T00:00:00Z
spec:
  template:
    spec:
      containers:
      - image: us-docker.pkg.dev/cloudrun/container/hello
"""


def document(name: str = "hello") -> str:
    return DOCUMENT.replace("NAME", name)


def dry_run(cloudrun: Cloudrun, text: str) -> str:
    done = cloudrun(
        "run", "services", "replace", "-", "--dry-run", "--project=demo", "--region=us-central1", stdin=text
    )
    assert done.stdout == ""
    return f"{done.stderr}exit {done.exit_code}"


def test_a_dry_run_validates_and_says_so(cloudrun: Cloudrun) -> None:
    assert dry_run(cloudrun, document()) == (
        "Validating new configuration for Cloud Run service [hello] in project [demo] region [us-central1]\n"
        "New configuration has been validated for service [hello].\nexit 0"
    )
    listed = cloudrun("run services list --project=demo")
    assert listed.stderr == "Listed 0 items.\n"


def test_several_documents_are_validated_one_by_one(cloudrun: Cloudrun) -> None:
    said = dry_run(cloudrun, f"---\n{document('a')}\n---\n{document('b')}\n---\n")
    assert "validated for service [a]" in said
    assert "validated for service [b]" in said
    wrong = dry_run(cloudrun, f"{document('a')}\n---\n{document('b').replace('image', 'imag')}")
    assert "Document 2 of [-]: Failed to parse value(s) in protobuf [Service]:" in wrong
    assert wrong.endswith("Did you mean [image]?\nexit 1")


def test_an_unknown_field_is_named_by_its_path(cloudrun: Cloudrun) -> None:
    assert dry_run(cloudrun, document().replace("containers:", "containerz:")) == (
        "ERROR: (cloudrun.run.services.replace) Failed to parse value(s) in protobuf [Service]:\n"
        "  Service.spec.template.spec.containerz\n"
        "Did you mean [containers]?\nexit 1"
    )


def test_an_empty_file_holds_no_service(cloudrun: Cloudrun) -> None:
    assert dry_run(cloudrun, "---\n") == "ERROR: (cloudrun.run.services.replace) There is no service in [-].\nexit 1"


def test_a_file_that_cannot_be_read_is_a_misuse(cloudrun: Cloudrun) -> None:
    gone = cloudrun("run services replace nope.yaml")
    assert gone.exit_code == 2
    assert gone.stderr.startswith(
        "ERROR: (cloudrun.run.services.replace) argument FILE: Failed to load YAML from [nope.yaml]: Unable to read "
        "file [nope.yaml]: [Errno 2] No such file or directory: 'nope.yaml'\nUsage: "
    )
    broken = cloudrun("run", "services", "replace", "-", stdin="a: [unclosed")
    assert broken.exit_code == 2
    assert "argument FILE: Failed to load YAML from [-]: " in broken.stderr
    assert "line 1" in broken.stderr


def test_without_a_file_and_without_a_terminal_it_is_missing(cloudrun: Cloudrun) -> None:
    missing = cloudrun("run services replace")
    assert missing.exit_code == 2
    assert missing.stderr.startswith(
        "ERROR: (cloudrun.run.services.replace) argument FILE: Must be specified.\nUsage: "
    )
    assert "--dry-run" in missing.stderr


def test_a_file_is_read_where_it_is(cloudrun: Cloudrun, tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(document("from-file"))
    done = cloudrun("run services replace service.yaml --dry-run --project=demo --region=us-central1")
    assert done.exit_code == 0, done.stderr
    assert "validated for service [from-file]" in done.stderr
