"""Many commands at once: every one ends well or with a clear error, and what was acknowledged is there."""

import pytest

from tests.e2e.test_faults import store_is_sound
from tests.e2e.world import Home, eventually

SERVICES, TIMES = 25, 2
SAMPLE = "us-docker.pkg.dev/cloudrun/container/hello"


def test_fifty_deploys_at_once_lose_nothing(process_home: Home) -> None:
    everything_is_there(process_home, SERVICES, SAMPLE)


@pytest.mark.docker
def test_ten_deploys_at_once_on_docker_lose_nothing() -> None:
    home = Home("docker")
    try:
        everything_is_there(home, 5, home.image)
    finally:
        home.close()


def everything_is_there(home: Home, services: int, image: str) -> None:
    """Deploy every service twice at once, the emulator not even started, and look at what came of it."""
    names = [f"many-{number}" for number in range(services)] * TIMES
    running = [
        home.start(f"run deploy {name} --image={image} --allow-unauthenticated --format=value(metadata.name)")
        for name in names
    ]
    acknowledged, refused = [], []
    for name, process in zip(names, running, strict=True):
        out, err = process.communicate(timeout=120)
        if process.returncode == 0:
            assert out == f"{name}\n", err
            acknowledged.append(err.partition("revision [")[2].partition("]")[0])
        else:
            assert "ERROR: (cloudrun.run.deploy) " in err
            assert "Traceback" not in err
            assert "locked" not in err
            refused.append(err)
    assert not refused, "\n".join(refused)
    assert len(set(acknowledged)) == len(names)
    assert store_is_sound(home.home)
    known = {revision["metadata"]["name"] for revision in home.json("run revisions list")}
    assert set(acknowledged) <= known
    eventually(lambda: all_settled(home), lambda: str(home.json("run services list")))
    for service in home.json("run services list"):
        newest = service["status"]["latestCreatedRevisionName"]
        assert service["status"]["latestReadyRevisionName"] == newest
        assert [t["revisionName"] for t in service["status"]["traffic"]] == [newest]
        assert service["metadata"]["generation"] == TIMES
        assert home.get(service["status"]["url"]).status_code == 200


def all_settled(home: Home) -> bool:
    """Whether every service has come to rest on its newest generation."""
    return all(
        service["status"]["observedGeneration"] == service["metadata"]["generation"]
        for service in home.json("run services list")
    )
