"""What a flag asks of the way out through a VPC: by a connector, or by an interface of its own.

Source: gcloud run deploy, --vpc-connector and --network; Admin API v1, network-interfaces.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cloudrun_cli.core.annotations import NETWORK_INTERFACES, VPC_CONNECTOR, VPC_EGRESS
from cloudrun_cli.core.resources import RevisionTemplate


@dataclass(frozen=True, slots=True)
class NetworkChange:
    """The one interface in a network: None leaves a part of it as it is, empty tags remove them."""

    network: str | None = None
    subnet: str | None = None
    tags: Sequence[str] | None = None

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        before = json.loads(template.annotations.get(NETWORK_INTERFACES) or "[{}]")[0]
        asked = {"network": self.network, "subnetwork": self.subnet}
        after = {**before, **{key: value for key, value in asked.items() if value is not None}}
        if self.tags is not None:
            after["tags"] = list(self.tags)
        known = {key: value for key, value in after.items() if value}
        text = json.dumps([known], separators=(",", ":")) if known else ""
        return _annotated(template, NETWORK_INTERFACES, text)


@dataclass(frozen=True, slots=True)
class NoNetworkChange:
    """Without an interface in a network; what was to go through it goes nowhere special, unless by a connector."""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        without = _annotated(template, NETWORK_INTERFACES, "")
        return without if VPC_CONNECTOR in without.annotations else _annotated(without, VPC_EGRESS, "")


@dataclass(frozen=True, slots=True)
class NoConnectorChange:
    """Without a connector; what was to go through it goes nowhere special, unless by an interface."""

    def apply(self, template: RevisionTemplate) -> RevisionTemplate:
        without = _annotated(template, VPC_CONNECTOR, "")
        return without if NETWORK_INTERFACES in without.annotations else _annotated(without, VPC_EGRESS, "")


def _annotated(template: RevisionTemplate, key: str, value: str) -> RevisionTemplate:
    others = {name: text for name, text in template.annotations.items() if name != key}
    return replace(template, annotations={**others, key: value} if value else others)
