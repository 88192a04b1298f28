"""Datagrams that no honest client sends."""

import random

ALERT = bytes.fromhex("15fefd000000000000000000020228")  # fatal handshake_failure, epoch 0


def null_cipher_hello() -> bytes:
    body = b"\xfe\xfd" + bytes(32) + b"\0\0" + b"\0\x02\x00\x00" + b"\x01\0"
    size = len(body).to_bytes(3, "big")
    message = b"\x01" + size + b"\0\0\0\0\0" + size + body
    return b"\x16\xfe\xfd" + bytes(8) + len(message).to_bytes(2, "big") + message


def mutated(random_: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(random_.randint(1, 6)):
        at = random_.randrange(len(out) or 1)
        match random_.randrange(5):
            case 0 if out:
                out[at] = random_.randrange(256)
            case 1:
                del out[at:]
            case 2:
                out[at:at] = random_.randbytes(random_.randint(1, 16))
            case 3:
                out[at : at + 2] = random_.choice([b"\xff\xff", b"\0\0", b"\x7f\xff"])
            case _:
                out += out[at : at + 64]
    if random_.random() < 0.7 and len(out) >= 20:  # get past the length check most of the time
        del out[20 + (len(out) - 20) // 4 * 4 :]
        out[2:4] = (len(out) - 20).to_bytes(2, "big")
    return bytes(out)
