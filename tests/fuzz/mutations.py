"""Ways in which a file goes wrong: by a byte, by a token, by a line, by being cut or joined."""

import random
import re
from collections.abc import Callable

NASTY = [
    b"",
    b"-1",
    b"0",
    b"1",
    b"1e-320",
    b"1e300",
    b"1e999",
    b"-0.0",
    b"nan",
    b"inf",
    b"0x10",
    b"1_0",
    b"99999999999999999999",
    b"9" * 5000,
    b"\xef\xbb\xbf",
    b"\xe2\x80\xae",
    b"\0",
    b"\r",
    b"\x0c",
    b"\x85",
    b"#",
    b";",
    b'"',
    b"'",
    b"(",
    b")",
    b"|",
    b"<",
    b">",
    b"((",
    b"))",
    b"{",
    b"}",
    b"[",
    b"]",
    b"&a ",
    b"*a ",
    b"<<: ",
    b"? ",
    b"- ",
    b": ",
    b"!!int ",
    b"!!float x",
    b"!!timestamp x",
    b"!!bool x",
    b"!!python/object/apply:os.system ['true']",
    b"%TAG",
    b"---\n",
    b"\t",
    b"~",
    b"true",
    b"2001-99-99",
    b"190:20:30.15",
    b"../../../etc/passwd",
    b"{{ 1/0 }}",
    b"$x^{$",
]
_TOKEN = re.compile(rb"[^\s(){}\[\],:|<>\"']+")


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Return `data` after one to four mishaps."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        data = rng.choice(MISHAPS)(data, rng)
    return data


def _place(data: bytes, rng: random.Random) -> int:
    return rng.randrange(len(data) + 1)


def _flip(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + rng.choice(NASTY) + data[at:]


def _delete(data: bytes, rng: random.Random) -> bytes:
    at = _place(data, rng)
    return data[:at] + data[at + rng.choice((1, 1, 2, 8, 40)) :]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: _place(data, rng)]


def _retoken(data: bytes, rng: random.Random) -> bytes:
    """Put something else in the place of a word or number: a nasty one, or one of the file."""
    tokens = list(_TOKEN.finditer(data))
    if not tokens:
        return data
    old = rng.choice(tokens)
    new = rng.choice(NASTY) if rng.random() < 0.5 else rng.choice(tokens)[0]
    return data[: old.start()] + new + data[old.end() :]


def _renumber(data: bytes, rng: random.Random) -> bytes:
    """Change a digit, so that the file stays plausible."""
    digits = [match.start() for match in re.finditer(rb"\d", data)]
    if not digits:
        return data
    at = rng.choice(digits)
    return data[:at] + str(rng.randrange(10)).encode() + data[at + 1 :]


def _lines(change: Callable[[list[bytes], random.Random], None]) -> Callable[..., bytes]:
    def mishap(data: bytes, rng: random.Random) -> bytes:
        lines = data.splitlines(keepends=True)
        if lines:
            change(lines, rng)
        return b"".join(lines)

    return mishap


def _drop(lines: list[bytes], rng: random.Random) -> None:
    del lines[rng.randrange(len(lines))]


def _repeat(lines: list[bytes], rng: random.Random) -> None:
    lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))


def _swap(lines: list[bytes], rng: random.Random) -> None:
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]


def _stretch(lines: list[bytes], rng: random.Random) -> None:
    k = rng.randrange(len(lines))
    lines[k] = lines[k].rstrip(b"\r\n") + rng.choice((b" ", b"#", b"1")) * 5000 + b"\n"


def _ends(lines: list[bytes], rng: random.Random) -> None:
    end = rng.choice((b"\r\n", b"\r", b"\n\n", b" "))
    lines[:] = [line.rstrip(b"\r\n") + end for line in lines]


MISHAPS = [
    _flip,
    _insert,
    _delete,
    _cut,
    _retoken,
    _retoken,
    _renumber,
    _renumber,
    *map(_lines, (_drop, _repeat, _swap, _stretch, _ends)),
]
