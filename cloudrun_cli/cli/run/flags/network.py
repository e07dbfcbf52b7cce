"""The way out through a VPC, and the mesh."""

from typing import TYPE_CHECKING

from cloudrun_cli.cli.families import Family, Values, clearing, value
from cloudrun_cli.cli.parsing import ListOf

if TYPE_CHECKING:
    from cloudrun_cli.core.changes import Change

NO_VPC = "there is no VPC; everything goes out through this machine, and all-traffic counts only for --ingress"

FLAGS = (
    value("--network", "The network that instances are in.", recorded=NO_VPC),
    value("--subnet", "The subnet that instances are in.", recorded=NO_VPC),
    value(
        "--network-tags", "Tags of instances in the network.", ListOf(repeatable=True), metavar="TAG", recorded=NO_VPC
    ),
    clearing("--clear-network", "Take instances out of the network."),
    clearing("--clear-network-tags", "Remove the tags of instances in the network."),
    value("--vpc-connector", "The connector that instances reach the network through.", recorded=NO_VPC),
    clearing("--clear-vpc-connector", "Do without the connector."),
    value(
        "--vpc-egress",
        "What goes out through the network.",
        choices=("all", "all-traffic", "private-ranges-only"),
        recorded=NO_VPC,
    ),
    value("--mesh", "The service mesh that instances are in.", recorded="there is no service mesh"),
)
EXCLUSIVE = (
    ("--clear-network", ("--network", "--subnet", "--clear-network-tags", "--network-tags")),
    ("--clear-network-tags", "--network-tags"),
)


def _whole(values: Values) -> "list[Change]":
    from cloudrun_cli.core.annotations import MESH, VPC_CONNECTOR, VPC_EGRESS
    from cloudrun_cli.core.changes import TemplateAnnotationsChange
    from cloudrun_cli.core.network_changes import NetworkChange, NoConnectorChange, NoNetworkChange

    out: list[Change] = []
    if values["clear_network"]:
        out.append(NoNetworkChange())
    if values["clear_vpc_connector"]:
        out.append(NoConnectorChange())
    tags = [] if values["clear_network_tags"] else values["network_tags"]
    if values["network"] is not None or values["subnet"] is not None or tags is not None:
        out.append(NetworkChange(values["network"], values["subnet"], tags))
    annotations = {
        key: values[name] or None
        for name, key in (("vpc_connector", VPC_CONNECTOR), ("vpc_egress", VPC_EGRESS), ("mesh", MESH))
        if values[name] is not None
    }
    return [*out, TemplateAnnotationsChange(annotations)] if annotations else out


FAMILY = Family(FLAGS, EXCLUSIVE, whole=_whole)
