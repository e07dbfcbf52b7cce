"""`cloudrun auth enterprise-certificate-config create`: known by name, and refused. They prove a device to Google, and
nothing here asks for that."""

from typing import Annotated, NoReturn

from cloudrun_cli.cli.command import Group, flag

create = Group("auth enterprise-certificate-config create")

Ecp = Annotated[str | None, flag("--ecp", "The signer of the certificate.", names="files")]
EcpClient = Annotated[str | None, flag("--ecp-client", "The client of the signer.", names="files")]
OutputFile = Annotated[str | None, flag("--output-file", "Where the configuration is to go.", names="files")]
TlsOffload = Annotated[str | None, flag("--tls-offload", "The library that speaks TLS.", names="files")]
Issuer = Annotated[str, flag("--issuer", "Who has issued the certificate.")]


@create.command(
    "linux",
    examples=["cloudrun auth enterprise-certificate-config create linux --label=L --module=M --slot=0x1"],
)
def linux(
    label: Annotated[str, flag("--label", "The label of the certificate in the module.")],
    module: Annotated[str, flag("--module", "The PKCS 11 module.", names="files")],
    slot: Annotated[str, flag("--slot", "The slot of the module.")],
    ecp: Ecp = None,
    ecp_client: EcpClient = None,
    output_file: OutputFile = None,
    tls_offload: TlsOffload = None,
    user_pin: Annotated[str | None, flag("--user-pin", "The pin of the module.")] = None,
) -> None:
    """Refused: enterprise certificates are not built here."""
    _refuse()


@create.command("macos", examples=["cloudrun auth enterprise-certificate-config create macos --issuer='Example Corp'"])
def macos(
    issuer: Issuer,
    ecp: Ecp = None,
    ecp_client: EcpClient = None,
    keychain_type: Annotated[str, flag("--keychain-type", "The kind of keychain.")] = "all",
    output_file: OutputFile = None,
    tls_offload: TlsOffload = None,
) -> None:
    """Refused: enterprise certificates are not built here."""
    _refuse()


@create.command(
    "windows",
    examples=["cloudrun auth enterprise-certificate-config create windows --issuer=I --provider=P --store=S"],
)
def windows(
    issuer: Issuer,
    provider: Annotated[str, flag("--provider", "The provider of the store.")],
    store: Annotated[str, flag("--store", "The store of the certificate.")],
    ecp: Ecp = None,
    ecp_client: EcpClient = None,
    output_file: OutputFile = None,
    tls_offload: TlsOffload = None,
) -> None:
    """Refused: enterprise certificates are not built here."""
    _refuse()


def _refuse() -> NoReturn:
    from cloudrun_cli.core.errors import Unimplemented

    raise Unimplemented(
        "Enterprise certificates are not built here: they prove a device to Google, and nothing here asks for that."
    )
