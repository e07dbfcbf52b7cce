"""Who is in which group, by address in lower case."""

from cloudrun_cli.store.database import Store


def of(store: Store, member: str) -> frozenset[str]:
    """The groups that an address is in, through other groups too."""
    rows = store.read(
        "WITH RECURSIVE found(address) AS (SELECT address FROM group_members WHERE member = ? "
        "UNION SELECT g.address FROM group_members AS g JOIN found ON g.member = found.address) "
        "SELECT address FROM found",
        member.lower(),
    )
    return frozenset(row[0] for row in rows)


def everything(store: Store) -> list[tuple[str, str]]:
    """Every group and who is directly in it, by both."""
    return [(row[0], row[1]) for row in store.read("SELECT address, member FROM group_members ORDER BY 1, 2")]


def add(store: Store, group: str, member: str) -> None:
    """Put an address into a group."""
    store.write("INSERT OR IGNORE INTO group_members VALUES (?, ?)", member.lower(), group.lower())


def remove(store: Store, group: str, member: str) -> bool:
    """Take it out; whether it was in."""
    return store.write("DELETE FROM group_members WHERE member = ? AND address = ?", member.lower(), group.lower()) > 0
