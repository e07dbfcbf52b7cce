"""Names: which are allowed, and how new ones are made. Source: behaviour of the Admin API v2 and of gcloud 578."""

import hashlib
import re
from difflib import get_close_matches
from random import Random

from cloudrun_cli.core.errors import InvalidArgument
from cloudrun_cli.core.regions import REGIONS
from cloudrun_cli.core.resources import RevisionName, Tag

SERVICE_NAME_MAX = 49  # Source: v2, CreateServiceRequest.serviceId
JOB_NAME_MAX = 49  # Source: Create jobs
REVISION_NAME_MAX = 63
TAG_AND_SERVICE_MAX = 46  # unconfirmed in the documentation; one place to change it
SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # no vowels: no words by accident

_RESOURCE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SERVICE = re.compile(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")
_TAG = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_PROJECT = re.compile(r"[a-z]([a-z0-9-]{2,28}[a-z0-9])|[0-9]{6,}")


def check_resource_name(name: str) -> str:
    """The name itself. Raises InvalidArgument when nothing can have it."""
    if not _RESOURCE.fullmatch(name):
        raise InvalidArgument(
            f"Invalid resource name [{name}]. The name must use only lowercase alphanumeric characters and dashes, "
            "cannot begin or end with a dash, and cannot be longer than 63 characters.",
            field="metadata.name",
        )
    return name


def check_service_name(name: str) -> str:
    """The name itself. Raises InvalidArgument when no service may have it."""
    check_resource_name(name)
    if not _SERVICE.fullmatch(name):
        raise InvalidArgument(
            f"metadata.name: Invalid service name [{name}]. It must begin with a letter, and have at most "
            f"{SERVICE_NAME_MAX} characters; this one has {len(name)}.",
            field="metadata.name",
        )
    return name


def check_job_name(name: str) -> str:
    """The name itself. Raises InvalidArgument when no job may have it."""
    check_resource_name(name)
    if not _SERVICE.fullmatch(name):
        raise InvalidArgument(
            f"metadata.name: Invalid job name [{name}]. It must begin with a letter, and have at most "
            f"{JOB_NAME_MAX} characters; this one has {len(name)}.",
            field="metadata.name",
        )
    return name


def check_project(project: str) -> str:
    """The project id itself. Raises InvalidArgument when no project may have it."""
    if not _PROJECT.fullmatch(project):
        raise InvalidArgument(
            f"The project property is set to the invalid value [{project}]: a project id has 4 to 30 lower-case "
            "letters, digits and dashes, and begins with a letter.",
            hint="Set a valid one: cloudrun config set project PROJECT_ID",
        )
    return project


def check_region(region: str) -> str:
    """The region itself. Raises InvalidArgument when there is none of that name."""
    if region in REGIONS:
        return region
    near = get_close_matches(region, REGIONS, n=1)
    raise InvalidArgument(
        f"[{region}] is not a region of Cloud Run.",
        field="--region",
        hint=f"Did you mean [{near[0]}]?" if near else "List them: cloudrun run regions list",
    )


def check_tag(tag: str, service: str) -> Tag:
    """The tag itself. Raises InvalidArgument when it cannot be part of a host name beside its service's."""
    if not _TAG.fullmatch(tag):
        raise InvalidArgument(
            f"Invalid traffic tag [{tag}]. A tag must use only lowercase alphanumeric characters and dashes, "
            "must begin with a letter, and cannot end with a dash.",
            field="spec.traffic.tag",
        )
    if len(tag) + len(service) > TAG_AND_SERVICE_MAX:
        raise InvalidArgument(
            f"Invalid traffic tag [{tag}]. The tag and the service name [{service}] together have "
            f"{len(tag) + len(service)} characters; at most {TAG_AND_SERVICE_MAX} fit into a host name.",
            field="spec.traffic.tag",
        )
    return Tag(tag)


def next_revision_name(service: str, generation: int, random: Random) -> RevisionName:
    """SERVICE-NNNNN-xxx, counted by the service's generation."""
    suffix = "".join(random.choice(SUFFIX_ALPHABET) for _ in range(3))
    return RevisionName(f"{service}-{generation:05d}-{suffix}")


def suffixed_revision_name(service: str, suffix: str) -> RevisionName:
    """SERVICE-SUFFIX. Raises InvalidArgument when that is no revision name."""
    name = f"{service}-{suffix}"
    if not _RESOURCE.fullmatch(name):
        raise InvalidArgument(
            f"spec.template.metadata.name: Invalid revision name [{name}]. With its suffix [{suffix}] it must use only "
            f"lowercase alphanumeric characters and dashes, not end with a dash, and have at most "
            f"{REVISION_NAME_MAX} characters.",
            field="--revision-suffix",
        )
    return RevisionName(name)


def container_name(name: str, image: str, index: int) -> str:
    """What a container is called in a revision: its name, or one made of its image and its place, as `hello-1`."""
    if name:
        return name
    path = image.partition("@")[0].rpartition("/")[2]
    return f"{path.partition(':')[0]}-{index + 1}"


def project_number(project: str) -> str:
    """The 12-digit number of a project, the same on every machine; a project given by number keeps it."""
    if project.isdigit():
        return project
    digest = int.from_bytes(hashlib.sha256(project.encode()).digest()[:8], "big")
    return str(100_000_000_000 + digest % 900_000_000_000)


def default_service_account(number: str) -> str:
    """The account a revision runs as when none is named. Source: introduction to service identity."""
    return f"{number}-compute@developer.gserviceaccount.com"
