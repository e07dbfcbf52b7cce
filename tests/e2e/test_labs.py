"""The lab on least privilege, as the course has it: an account of its own for a service, a predefined role on one
resource, and nobody may more than a policy says. Evidence: documented (Introduction to service identity; Cloud Run IAM
permissions; troubleshooting for the sentences of a refusal)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from cloudrun_cli.controlplane.tokens import Tokens
from tests.e2e.world import Home

RUNNER = "runner@demo.iam.gserviceaccount.com"
HELLO = "projects/demo/locations/us-central1/services/hello"
ANN = "--account=ann@example.com"
ON_ANN = "--member=user:ann@example.com"


@pytest.fixture(scope="module")
def lab() -> Iterator[Home]:
    """A home with two private services; the second runs as an account of its own."""
    made = Home("process")
    made.done(f"run deploy hello --image={made.image}")
    made.done("iam service-accounts create runner --display-name=Runner")
    made.done(f"run deploy other --image={made.image} --service-account={RUNNER}")
    yield made
    made.close()


def as_runner(home: Home, service: str) -> httpx.Response:
    """A request that the code of the account makes: with an ID token for the service, as its libraries get one."""
    url = home.url(service)
    token = Tokens(str(home.home)).id_token(RUNNER, url, datetime.now(UTC))
    return home.get(url, headers={"Authorization": f"Bearer {token}"})


def refused(home: Home, line: str, permission: str, resource: str = HELLO) -> None:
    """What the line asks for is denied, in the words of the real service."""
    answer = home.cloudrun(line)
    said = f"Permission '{permission}' denied on resource '{resource}' (or it may not exist)."
    assert (answer.exit_code, answer.stdout) == (1, ""), line
    assert said in answer.stderr, answer.stderr


def test_a_service_runs_as_its_account_which_may_call_what_it_was_given_and_nothing_else(lab: Home) -> None:
    found = lab.json("run services describe other")
    assert found["spec"]["template"]["spec"]["serviceAccountName"] == RUNNER
    assert [as_runner(lab, name).status_code for name in ("hello", "other")] == [403, 403]
    lab.done(f"run services add-iam-policy-binding hello --member=serviceAccount:{RUNNER} --role=roles/run.invoker")
    assert [as_runner(lab, name).status_code for name in ("hello", "other")] == [200, 403]
    told = lab.json(f"iam troubleshoot {RUNNER} run.routes.invoke {HELLO}")
    assert told["binding"]["resource"] == HELLO
    lab.done(f"run services remove-iam-policy-binding hello --member=serviceAccount:{RUNNER} --role=roles/run.invoker")
    assert as_runner(lab, "hello").status_code == 403


def test_an_account_that_is_not_there_cannot_run_anything(lab: Home) -> None:
    before = lab.revision("hello")
    answer = lab.cloudrun(f"run deploy hello --image={lab.image} --service-account=none@demo.iam.gserviceaccount.com")
    assert answer.exit_code == 1
    assert (
        "Permission 'iam.serviceaccounts.actAs' denied on service account none@demo.iam.gserviceaccount.com "
        "(or it may not exist)." in answer.stderr
    )
    assert lab.revision("hello") == before


def test_somebody_else_may_see_then_deploy_then_act_as_and_never_open_more_than_was_given(lab: Home) -> None:
    deploy = f"run deploy hello --image={lab.image} {ANN}"
    refused(lab, f"run services list {ANN}", "run.services.list", "projects/demo/locations/-")
    refused(lab, f"run services describe hello {ANN}", "run.services.get")
    refused(lab, deploy, "run.services.update")

    lab.done(f"projects add-iam-policy-binding demo {ON_ANN} --role=roles/run.viewer")
    names = "--format=value(metadata.name)"
    listed = lab.done("run", "services", "list", ANN, names)
    assert {"hello", "other"} <= set(listed.split())
    lab.done(f"run services describe hello {ANN}")
    refused(lab, deploy, "run.services.update")
    refused(lab, f"run services delete hello --quiet {ANN}", "run.services.delete")
    refused(lab, f"run services update-traffic hello --to-latest {ANN}", "run.services.update")
    refused(lab, f"iam service-accounts list {ANN}", "iam.serviceAccounts.list", "projects/demo")

    lab.done(f"run services add-iam-policy-binding hello {ON_ANN} --role=roles/run.developer")
    number = lab.json("projects describe demo")["projectNumber"]
    answer = lab.cloudrun(deploy)
    compute = f"{number}-compute@developer.gserviceaccount.com"
    assert answer.exit_code == 1
    assert f"'iam.serviceaccounts.actAs' denied on service account {compute} (or it may not exist)." in answer.stderr

    lab.done(f"iam service-accounts add-iam-policy-binding {RUNNER} {ON_ANN} --role=roles/iam.serviceAccountUser")
    lab.done(f"{deploy} --service-account={RUNNER}")
    assert lab.json("run services describe hello")["metadata"]["annotations"]["serving.knative.dev/lastModifier"] == (
        "ann@example.com"
    )
    refused(lab, f"{deploy} --allow-unauthenticated", "run.services.setIamPolicy")
    refused(lab, f"{deploy} --no-invoker-iam-check", "run.services.setIamPolicy")
    refused(
        lab,
        f"run deploy other --image={lab.image} {ANN}",
        "run.services.update",
        HELLO.replace("hello", "other"),
    )


def test_the_api_asks_the_same_of_whoever_the_token_speaks_for(lab: Home) -> None:
    def ask(method: str, email: str) -> int:
        token = Tokens(str(lab.home)).access_token(email, datetime.now(UTC))
        path = f"http://run.localhost:{lab.http_port}/v1/projects/demo/locations/us-central1/services/other"
        more: dict[str, Any] = {"headers": {"Authorization": f"Bearer {token}"}}
        (address,) = lab.reach(path, more)
        return lab.http.request(method, address, **more).status_code

    lab.done("projects add-iam-policy-binding demo --member=user:bob@example.com --role=roles/run.viewer")
    assert [ask("GET", email) for email in ("eve@example.com", "bob@example.com", "dev@example.com")] == [403, 200, 200]
    assert ask("DELETE", "bob@example.com") == 403
    assert ask("DELETE", "dev@example.com") == 200
