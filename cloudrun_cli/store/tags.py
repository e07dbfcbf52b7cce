"""The traffic tags of services, as their specs have them. SQLite keeps the table equal to the services by itself."""

from cloudrun_cli.store.database import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cloudrun_cli.core.resources import ServiceRef


def count(store: Store, project: str, region: str) -> int:
    """How many tags the services of a region have."""
    row = store.one("SELECT count(*) FROM tags WHERE project = ? AND region = ?", project, region)
    assert row is not None
    return int(row[0])


def of_service(store: Store, ref: "ServiceRef") -> list[str]:
    """The tags of one service, by name."""
    rows = store.read(
        "SELECT tag FROM tags WHERE project = ? AND region = ? AND service = ? ORDER BY tag",
        ref.project,
        ref.region,
        ref.name,
    )
    return [tag for (tag,) in rows]
