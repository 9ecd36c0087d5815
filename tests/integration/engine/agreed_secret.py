"""The gateways' side of the secret that they agree on with an engine: docs/engine-contract.md."""

import base64
import hashlib
import hmac

PRIME = 2**255 - 19
BASE_POINT = (9).to_bytes(32, "little")


def x25519(private: bytes, public: bytes) -> bytes:
    """RFC 7748, section 5, word by word; slow, and not safe against being timed."""
    scalar = bytearray(private)
    scalar[0] &= 248
    scalar[31] = (scalar[31] & 127) | 64
    k = int.from_bytes(scalar, "little")
    u = int.from_bytes(public, "little") & (2**255 - 1)
    x_2, z_2, x_3, z_3, swapped = 1, 0, u, 1, 0
    for t in reversed(range(255)):
        bit = k >> t & 1
        if bit != swapped:
            x_2, z_2, x_3, z_3 = x_3, z_3, x_2, z_2
        swapped = bit
        a, b, c, d = x_2 + z_2, x_2 - z_2, x_3 + z_3, x_3 - z_3
        aa, bb, da, cb = a * a % PRIME, b * b % PRIME, d * a % PRIME, c * b % PRIME
        e = aa - bb
        x_3, z_3 = pow(da + cb, 2, PRIME), u * pow(da - cb, 2, PRIME) % PRIME
        x_2, z_2 = aa * bb % PRIME, e * (aa + 121665 * e) % PRIME
    if swapped:
        x_2, z_2 = x_3, z_3
    return (x_2 * pow(z_2, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little")


def to_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def from_base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def secret(private: bytes, engine_public: str, engine_id: str) -> str:
    shared = x25519(private, from_base64(engine_public))
    message = b"foxfire engine secret\0" + engine_id.encode()
    return to_base64(hmac.new(shared, message, hashlib.sha256).digest())
