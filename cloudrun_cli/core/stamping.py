"""What every write leaves on a service or a job: which client made it, and the id of the operation.

Source: v1, annotations.
"""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from cloudrun_cli import __version__
from cloudrun_cli.core.annotations import CLIENT_NAME, CLIENT_VERSION, OPERATION_ID
from cloudrun_cli.core.resources import RevisionTemplate, Service
from cloudrun_cli.core.revisions import NONCE, new_uid

if TYPE_CHECKING:
    from cloudrun_cli.core.jobs import Job

CLIENT: Mapping[str, str] = {CLIENT_NAME: "cloudrun", CLIENT_VERSION: __version__}  # this program
WRITTEN = (CLIENT_NAME, CLIENT_VERSION, OPERATION_ID)


def stamped(service: Service, random: Random) -> Service:
    """The service as a change by this program leaves it, its template too. For changes that make a revision."""
    return replace(noted(service, random), template=signed(service.template))


def stamped_job(job: "Job", random: Random, client: Mapping[str, str] = CLIENT) -> "Job":
    """The job as a change by a client leaves it, its template too."""
    annotations = {**job.annotations, **client, OPERATION_ID: new_uid(random)}
    template = replace(job.template, task=signed(job.template.task, client))
    return replace(job, annotations=annotations, template=template)


def noted(service: Service, random: Random, client: Mapping[str, str] = CLIENT) -> Service:
    """The service as a change by a client leaves it that makes no revision: the template stays as it is."""
    annotations = {**service.annotations, **client, OPERATION_ID: new_uid(random)}
    return replace(service, annotations=annotations)


def signed(template: RevisionTemplate, client: Mapping[str, str] = CLIENT) -> RevisionTemplate:
    """The template with the name and version of a client."""
    return replace(template, annotations={**template.annotations, **client})


def unsigned(template: RevisionTemplate) -> RevisionTemplate:
    """What of a template makes instances: without name, client and nonce. Two that are the same in this need no new
    revision."""
    annotations = {k: v for k, v in template.annotations.items() if k not in WRITTEN}
    labels = {k: v for k, v in template.labels.items() if k != NONCE}
    return replace(template, name=None, annotations=annotations, labels=labels)
