"""Did you mean, for the names of resources. Evidence: ours; gcloud has such hints for commands and flags only."""

import pytest

from cloudrun_cli.store import projects, revisions, services
from cloudrun_cli.store.database import open_store
from tests.builders import NOW, NUMBER, a_revision, a_service
from tests.conftest import Cloudrun


@pytest.fixture
def home(cloudrun: Cloudrun) -> Cloudrun:
    """hello with a revision in us-central1, elsewhere in europe-west1."""
    store = open_store(str(cloudrun.home))
    with store.transaction():
        projects.ensure(store, "demo", NUMBER, NOW)
        services.insert(store, a_service(door=20001), NUMBER)
        services.insert(store, a_service("elsewhere", region="europe-west1", door=20002), NUMBER)
        revisions.insert(store, a_revision(), NUMBER)
    store.close()
    return cloudrun


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("run services describe helo", "Did you mean [hello]?"),
        ("run services delete hallo --quiet", "Did you mean [hello]?"),
        ("run services describe elsewhere", "There is one in region europe-west1: add --region=europe-west1"),
        ("run services describe zzz", ""),
        ("run revisions describe hello-00001-abd", "Did you mean [hello-00001-abc]?"),
        ("run revisions delete hello-0001-abc --quiet", "Did you mean [hello-00001-abc]?"),
        ("config configurations activate defalt", "Did you mean [default]?"),
        ("run services describe helo --project=dmo", "Did you mean [demo]?"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_one_that_is(home: Cloudrun, line: str, hint: str) -> None:
    answer = home(line)
    assert answer.exit_code == 1
    error, _, told = answer.stderr.partition("ERROR: ")[2].partition("\n")
    assert error
    assert told == (f"{hint}\n" if hint else "")


@pytest.mark.parametrize(
    ("line", "region", "near"),
    [
        ("run services list --region=us-centrl1", "us-centrl1", "us-central1"),
        ("run revisions list --region=europe-wst1", "europe-wst1", "europe-west1"),
        ("run services list --region=us-east1", "", ""),  # there is such a region, and nothing in it
        ("run services list --region=mars", "mars", ""),
    ],
)
def test_a_list_of_a_region_that_is_none_names_the_nearest(home: Cloudrun, line: str, region: str, near: str) -> None:
    """Evidence: gcloud reaches no endpoint of such a region, and fails; ours warns, and says what may be meant."""
    answer = home(line)
    assert (answer.stdout, answer.exit_code) == ("", 0)
    told = f"Did you mean [{near}]?" if near else "All regions: cloudrun run regions list"
    warning = f"WARNING: There is no region [{region}]. {told}\n" if region else ""
    assert answer.stderr == f"{warning}Listed 0 items.\n"


def test_without_a_store_there_is_no_hint_and_no_other_failure(cloudrun: Cloudrun) -> None:
    answer = cloudrun("config configurations activate zzz")
    assert answer.stderr == (
        "ERROR: (cloudrun.config.configurations.activate) Cannot activate configuration [zzz], it does not exist.\n"
    )
