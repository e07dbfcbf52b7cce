"""The program inside a holder container: claims the metadata address in its network namespace, then sleeps.

A holder needs no shell and no library, and no image has to be pulled for it: the program is written here byte by byte,
as an ELF file of one segment. It gives `lo` the address 169.254.169.254 and leaves with 1 when it may not. The address
comes with its class's mask, so that all of 169.254.0.0/16 ends inside the namespace and nothing sent there leaves it.
"""

import io
import struct
import tarfile

METADATA_ADDRESS = "169.254.169.254"  # Source: Compute Engine metadata server
METADATA_NAMES = ("metadata.google.internal", "metadata")
PATH = "/hold"

_BASE = 0x400000
_HEADERS = 64 + 56
_SIOCSIFADDR = 0x8916  # Source: linux/sockios.h


def program(architecture: str) -> bytes | None:
    """The static program for linux on `amd64` or `arm64`; None for any other architecture."""
    match architecture:
        case "amd64":
            return _elf(62, _amd64())
        case "arm64":
            return _elf(183, _arm64())
        case _:
            return None


def image_tar(content: bytes) -> bytes:
    """The root folder of the image: the program, and nothing else."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        member = tarfile.TarInfo(PATH.lstrip("/"))
        member.size, member.mode = len(content), 0o755
        tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def _elf(machine: int, code: bytes) -> bytes:
    """An executable that loads itself whole and starts after its headers. Source: the ELF-64 object file format."""
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    header = struct.pack("<16sHHIQQQIHHHHHH", ident, 2, machine, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    size = _HEADERS + len(code)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return header + segment + code


def _request() -> bytes:
    """struct ifreq: the alias lo:1 with the metadata address."""
    octets = bytes(int(octet) for octet in METADATA_ADDRESS.split("."))
    return b"lo:1".ljust(16, b"\0") + struct.pack("<H2x4s8x", 2, octets) + bytes(8)


def _amd64() -> bytes:
    def word(number: int) -> bytes:
        return struct.pack("<I", number)

    syscall = b"\x0f\x05"
    before = b"".join(
        (
            b"\xb8"
            + word(41)
            + b"\xbf"
            + word(2)
            + b"\xbe"
            + word(2)
            + b"\x31\xd2"
            + syscall,  # socket(INET, DGRAM, 0)
            b"\x89\xc7\xbe" + word(_SIOCSIFADDR),  # edi = the socket, esi = the request's number
        )
    )
    after = b"".join(
        (
            b"\xb8" + word(16) + syscall,  # ioctl
            b"\x85\xc0\x75\x09",  # failed: jump over the next two lines
            b"\xb8" + word(34) + syscall,  # pause()
            b"\xeb\xf7",  # and again
            b"\xbf" + word(1) + b"\xb8" + word(60) + syscall,  # exit(1)
        )
    )
    pointer = b"\x48\x8d\x15" + struct.pack("<i", len(after))  # lea rdx, [what follows the code]
    return before + pointer + after + _request()


def _arm64() -> bytes:
    def move(register: int, number: int) -> int:
        return 0xD2800000 | number << 5 | register

    call = 0xD4000001
    code = [
        *(move(0, 2), move(1, 2), move(2, 0), move(8, 198), call),  # socket(INET, DGRAM, 0)
        *(move(1, _SIOCSIFADDR), 0x10000002, move(8, 29), call),  # adr x2, the request; ioctl
        0xB5000000 | 8 << 5,  # failed: eight words on
        *(move(0, 0), move(1, 0), move(2, 0), move(3, 0), move(8, 73), call),  # ppoll(nothing, for ever)
        0x14000000 | (-6 & 0x3FFFFFF),  # and again
        *(move(0, 1), move(8, 93), call),  # exit(1)
    ]
    distance = len(code) - 6  # from the adr to the end of the code, in words
    code[6] |= distance << 5
    return struct.pack(f"<{len(code)}I", *code) + _request()
