"""The verbs of builds: ask for one, follow it, give it up."""

from collections.abc import Mapping
from datetime import datetime

from cloudrun_cli.core.resources import Build
from cloudrun_cli.store import builds as build_rows
from cloudrun_cli.store.database import Store


def source_image(project: str, region: str, service: str) -> str:
    """The name that the image of a source deploy gets. Source: Deploy from source."""
    return f"{region}-docker.pkg.dev/{project}/cloud-run-source-deploy/{service}"


def submit(
    store: Store,
    build_id: str,
    *,
    project: str,
    region: str,
    service: str,
    source: str,
    image: str = "",
    base_image: str = "",
    env: Mapping[str, str] | None = None,
    now: datetime,
) -> Build:
    """Ask for an image of our own copy of a source folder, called `image` or as source deploys call theirs."""
    build = Build(
        id=build_id,
        project=project,
        region=region,
        source=source,
        image=image or source_image(project, region, service),
        created=now,
        base_image=base_image,
        env=dict(env or {}),
    )
    with store.transaction():
        build_rows.insert(store, build)
    return build


def get(store: Store, build_id: str) -> Build | None:
    """The build as it is now."""
    return build_rows.get(store, build_id)


def cancel(store: Store, build_id: str) -> bool:
    """Give it up; False when it has already ended."""
    with store.transaction():
        return build_rows.cancel(store, build_id)
