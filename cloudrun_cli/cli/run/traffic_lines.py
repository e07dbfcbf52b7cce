"""Who gets which share of a service's requests, as gcloud's `traffic` format and `describe` show it: what is wanted
beside what is served, so that a change under way can be seen. From v1 JSON.

Source: gcloud's layouts as recorded; names of the pair's fields: google-github-actions/deploy-cloudrun, which reads
them from `update-traffic --format=json`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

LATEST = "LATEST"
NONE = "-"  # no percent, or no tag
_WIDEST = 60  # of a column; longer ones push the next aside. Source: gcloud's layout


def traffic_pairs(service: Json) -> list[dict[str, Any]]:
    """One entry a revision, by name with LATEST last: its percent and tags as wanted (spec) and as served (status)."""
    status = service["status"]
    latest = status.get("latestReadyRevisionName")  # None is shown as it is, as by gcloud
    wanted, served = _by_target(service["spec"].get("traffic") or ()), _by_target(status.get("traffic") or ())
    overrides: dict[str, int] = {}
    if LATEST in wanted and LATEST not in served and latest in served:
        # the real service gives one entry by name for both; it is told apart by what was wanted
        if latest in wanted:
            whole = _percent(served[latest])
            overrides[LATEST] = min(_percent(wanted[LATEST]), whole)
            overrides[latest] = whole - overrides[LATEST]
            served[LATEST] = served[latest]
        else:
            served[LATEST] = served.pop(latest)
    keys = sorted({*wanted, *served}, key=lambda key: (key == LATEST, key))
    url = str(status.get("url", ""))
    return [_pair(key, latest, wanted.get(key, []), served.get(key, []), overrides.get(key), url) for key in keys]


def traffic_block(pairs: Sequence[Json]) -> Iterator[str]:
    """The lines below `Traffic:`."""
    width = min(max((len(pair["displayPercent"]) for pair in pairs), default=0), _WIDEST)
    labels = [_label(tag) for pair in pairs for tag in pair["tags"]]
    tag_width = min(max(map(len, labels), default=0), _WIDEST)
    for pair in pairs:
        yield f"  {pair['displayPercent']:<{width}} {pair['displayRevisionId']}".rstrip()
        for tag in pair["tags"]:
            yield f"  {'':<{width}}   {_label(tag):<{tag_width}} {tag['url']}".rstrip()


def traffic_lines(pairs: Sequence[Json]) -> Iterator[str]:
    """What `update-traffic` prints: the address and the block."""
    yield f"URL: {pairs[0]['serviceUrl'] if pairs else ''}".rstrip()
    yield "Traffic:"
    yield from traffic_block(pairs)


def _by_target(entries: Sequence[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for entry in entries:
        found.setdefault(LATEST if entry.get("latestRevision") else entry["revisionName"], []).append(entry)
    return found


def _pair(
    key: str, latest: str | None, wanted: Sequence[Json], served: Sequence[Json], override: int | None, url: str
) -> dict[str, Any]:
    spec_percent = str(_percent(wanted)) if wanted else NONE
    status_percent = str(_percent(served)) if served else NONE
    if override is not None:
        status_percent = str(override)
    spec_tags, status_tags = _tags(wanted), _tags(served)
    name = latest if key == LATEST else key
    return {
        "displayPercent": _both(_shown(spec_percent), _shown(status_percent), "{:4} (currently {})"),
        "displayRevisionId": f"{LATEST} (currently {name})" if key == LATEST else name,
        "displayTags": "" if spec_tags == status_tags == NONE else _both(spec_tags, status_tags, "{} (currently {})"),
        "key": key,
        "latestRevision": key == LATEST,
        "revisionName": name,
        "serviceUrl": url,
        "specPercent": spec_percent,
        "specTags": spec_tags,
        "statusPercent": status_percent,
        "statusTags": status_tags,
        "tags": _tag_states(wanted, served),
        "urls": sorted(entry["url"] for entry in served if entry.get("url")),
    }


def _tag_states(wanted: Sequence[Json], served: Sequence[Json]) -> list[dict[str, Any]]:
    inside = {entry["tag"] for entry in wanted if entry.get("tag")}
    urls = {entry["tag"]: entry.get("url", "") for entry in served if entry.get("tag")}
    return [
        {"inSpec": tag in inside, "inStatus": tag in urls, "tag": tag, "url": urls.get(tag, "")}
        for tag in sorted(inside | urls.keys())
    ]


def _label(tag: Json) -> str:
    if tag["inSpec"] and not tag["inStatus"]:
        return f"{tag['tag']} (Adding):"
    if tag["inStatus"] and not tag["inSpec"]:
        return f"{tag['tag']} (Deleting):"
    return f"{tag['tag']}:"


def _percent(entries: Sequence[Json]) -> int:
    return sum(int(entry.get("percent", 0)) for entry in entries)


def _tags(entries: Sequence[Json]) -> str:
    return ", ".join(sorted(entry["tag"] for entry in entries if entry.get("tag"))) or NONE


def _shown(percent: str) -> str:
    return percent if percent == NONE else f"{percent}%"


def _both(wanted: str, served: str, form: str) -> str:
    return wanted if wanted == served else form.format(wanted, served)
