"""CRC-32C, with which Secret Manager guards payloads. Source: RFC 3720, appendix B.4."""

_REFLECTED = 0x82F63B78  # the Castagnoli polynomial


def crc32c(content: bytes) -> int:
    """The checksum of the bytes."""
    crc = 0xFFFFFFFF
    for byte in content:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _row(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (_REFLECTED if byte & 1 else 0)
    return byte


_TABLE = tuple(map(_row, range(256)))
