"""Random edits of a certificate's bytes."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Callable, Mapping

__all__ = ["BYTE_EDITS"]

ByteEdit = Callable[[bytes, random.Random], bytes]


def _flip(data: bytes, rng: random.Random) -> bytes:
    i = rng.randrange(len(data))
    return data[:i] + bytes([data[i] ^ (1 << rng.randrange(8))]) + data[i + 1 :]


def _truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.choice([0, 1, len(data) // 2, len(data) - 2, len(data) - 1])]


def _insert(data: bytes, rng: random.Random) -> bytes:
    i = rng.randrange(len(data))
    return data[:i] + bytes(rng.choices(range(256), k=rng.randint(1, 4))) + data[i:]


def _delete(data: bytes, rng: random.Random) -> bytes:
    i = rng.randrange(len(data))
    return data[:i] + data[i + rng.randint(1, 40) :]


def _literal(data: bytes, rng: random.Random) -> bytes:
    word = rng.choice([b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5000, b"-0", b"9" * 400])
    places = [
        i for i in range(len(data)) if data[i : i + 1].isdigit() and data[i - 1 : i] in b"[,:"
    ]
    i = rng.choice(places)
    return data[:i] + word + data[i + 1 :]


def _duplicate(data: bytes, rng: random.Random) -> bytes:
    key = rng.choice([b'"claim":', b'"level":', b'"box":', b'"evidence":', b'"trees":', b'"name":'])
    i = data.find(key)
    return data[:i] + key + rng.choice([b"null,", b'"kernel",', b"{},"]) + data[i:]


def _spelling(data: bytes, rng: random.Random) -> bytes:
    body = json.loads(data)
    return rng.choice(
        [
            json.dumps(body).encode() + b"\n",
            json.dumps(body, sort_keys=True, indent=1).encode(),
            data[:-1],
            data + b"\n",
            b" " + data,
            b"\xef\xbb\xbf" + data,
            data.decode().encode("utf-16"),
            data.decode().encode("utf-32"),
            data.replace(b'"x"', b'"\\u0078"'),
            data.replace(b"/", b"\\/", 1),
            data + data,
            data.replace(b"kernel", b"kern\\u0065l"),
        ]
    )


def _nesting(data: bytes, rng: random.Random) -> bytes:
    depth = rng.choice([*range(880, 1000, 3), 10_000, 200_000])
    deep = b"[" * depth + b"]" * depth
    return rng.choice(
        [deep, data.replace(b'"sources":{}', b'"sources":' + deep), b'{"format":' + deep + b"}"]
    )


def _foreign(data: bytes, rng: random.Random) -> bytes:
    return rng.choice(
        [
            *(
                b"",
                b"\x00" * 100,
                rng.randbytes(500),
                b"\x7fELF" + data,
                b"\xff\xfe",
                b"<html></html>",
            ),
            *(b"null", b"[]", b"{}", b"0", b'"x"', zlib.compress(data), base64.b64encode(data)),
            *(b'{"format":"certify-certificate-%d"}' % i for i in (1, 2)),
        ]
    )


BYTE_EDITS: Mapping[str, ByteEdit] = {
    "flip": _flip,
    "truncate": _truncate,
    "insert": _insert,
    "delete": _delete,
    "literal": _literal,
    "duplicate key": _duplicate,
    "spelling": _spelling,
    "nesting": _nesting,
    "foreign": _foreign,
}
