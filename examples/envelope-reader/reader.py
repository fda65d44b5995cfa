#!/usr/bin/env python3
"""Opens waxseal envelopes (wx1) that a keyring sealed. Needs nothing but Python's standard library.

For reading along and for checking, not for production: AES by table look-ups is neither fast nor constant in time.
"""

import base64
import hashlib
import hmac
import json
import re
import sys
from pathlib import Path


class Refused(Exception):
    """Why an envelope does not open; the word is the code of waxseal's EnvelopeError."""


# ---- AES-256 on one block (FIPS 197); a state is 16 bytes, column by column


def times(a, b):
    """The product in GF(2^8)."""
    product = 0
    while b:
        product ^= a if b & 1 else 0
        a, b = (a << 1) ^ (0x11B if a & 0x80 else 0), b >> 1
    return product


def affine(b):
    turned = b << 8 | b
    return b ^ turned >> 7 & 255 ^ turned >> 6 & 255 ^ turned >> 5 & 255 ^ turned >> 4 & 255 ^ 0x63


POWERS = [1]
while len(POWERS) < 255:
    POWERS.append(times(POWERS[-1], 3))
INVERSE = [0] * 256
for exponent, power in enumerate(POWERS):
    INVERSE[power] = POWERS[-exponent % 255]
SBOX = [affine(b) for b in INVERSE]
UNSBOX = [SBOX.index(b) for b in range(256)]
TIMES = {factor: [times(b, factor) for b in range(256)] for factor in (1, 2, 3, 9, 11, 13, 14)}


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def mix_columns(state, row):
    """Every column times the circulant matrix that begins with this row."""
    tables = [TIMES[factor] for factor in row]
    mixed = bytearray(16)
    for i in range(16):
        column, r = i - i % 4, i % 4
        for k in range(4):
            mixed[i] ^= tables[(k - r) % 4][state[column + k]]
    return bytes(mixed)


def aes(key):
    """(encrypt, decrypt) under a key of 32 bytes."""
    words, rcon = [key[i : i + 4] for i in range(0, 32, 4)], 1
    for i in range(8, 60):
        word = words[-1]
        if i % 8 == 0:
            word = bytes(SBOX[b] for b in word[1:] + word[:1])
            word, rcon = xor(word, (rcon, 0, 0, 0)), times(rcon, 2)
        elif i % 8 == 4:
            word = bytes(SBOX[b] for b in word)
        words.append(xor(words[-8], word))
    round_keys = [b"".join(words[i : i + 4]) for i in range(0, 60, 4)]

    def encrypt(block):
        state = xor(block, round_keys[0])
        for n in range(1, 15):
            state = bytes(SBOX[state[5 * i % 16]] for i in range(16))  # SubBytes and ShiftRows
            state = xor(mix_columns(state, (2, 3, 1, 1)) if n < 14 else state, round_keys[n])
        return state

    def decrypt(block):
        state = xor(block, round_keys[14])
        for n in range(13, -1, -1):
            state = xor(bytes(UNSBOX[state[13 * i % 16]] for i in range(16)), round_keys[n])
            state = mix_columns(state, (14, 11, 13, 9)) if n > 0 else state
        return state

    return encrypt, decrypt


# ---- What is built from it: AES-KW (RFC 3394), GCM (NIST SP 800-38D), HKDF (RFC 5869)


def unwrap(kek, wrapped):
    _, decrypt = aes(kek)
    a, *r = (wrapped[i : i + 8] for i in range(0, len(wrapped), 8))
    for t in range(6 * len(r), 0, -1):
        i = (t - 1) % len(r)
        block = decrypt(xor(a, t.to_bytes(8, "big")) + r[i])
        a, r[i] = block[:8], block[8:]
    if not hmac.compare_digest(a, b"\xa6" * 8):
        raise Refused("key_mismatch")
    return b"".join(r)


def ghash(h, data):
    y = 0
    for i in range(0, len(data), 16):
        v, x, y = h, y ^ int.from_bytes(data[i : i + 16], "big"), 0
        for bit in range(127, -1, -1):
            y ^= v if x >> bit & 1 else 0
            v = v >> 1 ^ (0xE1 << 120 if v & 1 else 0)
    return y.to_bytes(16, "big")


def open_gcm(key, nonce, sealed, aad):
    encrypt, _ = aes(key)
    text, tag = sealed[:-16], sealed[-16:]
    padded = b"".join(part + bytes(-len(part) % 16) for part in (aad, text))
    lengths = (8 * len(aad)).to_bytes(8, "big") + (8 * len(text)).to_bytes(8, "big")
    hashed = ghash(int.from_bytes(encrypt(bytes(16)), "big"), padded + lengths)
    if not hmac.compare_digest(tag, xor(hashed, encrypt(nonce + (1).to_bytes(4, "big")))):
        raise Refused("tampered")
    blocks = range(2, 2 + (len(text) + 15) // 16)
    return xor(text, b"".join(encrypt(nonce + n.to_bytes(4, "big")) for n in blocks))


def hmac_sha256(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def expand(prk, info, length):
    okm = block = b""
    while len(okm) < length:
        block = hmac_sha256(prk, block + info + bytes([len(okm) // 32 + 1]))
        okm += block
    return okm[:length]


# ---- The envelope: docs/formats/envelope.md


def lp(*fields):
    """Every field behind its length, so that no two lists give the same bytes."""
    fields = [field.encode() if isinstance(field, str) else field for field in fields]
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)


def decode(text):
    """base64url without padding; of several spellings only the one with unused bits zero."""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
    if base64.urlsafe_b64encode(data).rstrip(b"=") != text.encode():
        raise Refused("malformed")
    return data


def kek_of(key):
    """The key-encryption key of a key string, `wxk1.<kid>.<root>.<check>`."""
    _, kid, root, _ = key.split(".")
    prk = hmac_sha256(bytes(32), decode(root))
    return kid, expand(prk, lp("waxseal/v1", "envelope", kid, "", "wx1/kek/a256kw"), 32)


def open_envelope(keks, text, context):
    """The bytes that were sealed. Raises Refused."""
    form = re.fullmatch(r"wx1\.([a-z0-9][a-z0-9-]{0,31})\.([\w-]+)\.([\w-]+)", text, re.ASCII)
    if form is None:
        raise Refused("malformed")
    kid, edk, body = form[1], decode(form[2]), decode(form[3])
    if len(edk) != 40 or len(body) < 72:
        raise Refused("malformed")
    if kid not in keks:
        raise Refused("unknown_key")
    dek = unwrap(keks[kid], edk)

    pairs = sorted(context.items(), key=lambda pair: pair[0].encode())
    ctx = lp(*(field for pair in pairs for field in pair))
    salt, commit, sealed = body[:24], body[24:56], body[56:]
    info = lp("wx1/msg", salt, hashlib.sha256(ctx).digest())
    okm = expand(dek, info, 76)
    if not hmac.compare_digest(commit, okm[:32]):
        raise Refused("context_mismatch")
    return open_gcm(okm[32:64], okm[64:], sealed, info)


def main(path):
    golden = json.loads(path.read_text("utf-8"))
    keks = dict(kek_of(key) for key in golden["keys"])
    opened = 0
    for entry in golden["envelopes"]:
        expected = entry["text"].encode() if "text" in entry else base64.b64decode(entry["base64"])
        try:
            if open_envelope(keks, entry["sealed"], entry["context"]) == expected:
                opened += 1
            else:
                print(f"{entry['name']}: opens to something else")
        except Refused as reason:
            print(f"{entry['name']}: {reason}")
    print(f"{opened}/{len(golden['envelopes'])}")
    return 0 if opened == len(golden["envelopes"]) > 0 else 1


if __name__ == "__main__":
    default = Path(__file__).parents[2] / "test" / "vectors" / "envelope-golden.json"
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else default))
