"""eFEL's core, arranged so that each of its functions runs once for a trace.

To compute a feature, eFEL runs a chain of functions, of which the first interpolates the trace, and
for the next feature the whole chain again, interpolating what is interpolated already. Which
functions belong to a chain is said by a table of dependencies. A core whose table leaves out what
the features before have computed takes a fraction of the time, and what it gives for a feature does
not depend on which others are asked for: it is what eFEL gives for that feature alone.
"""

import ctypes
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import efel
from efel import cppcore, pyfeatures

# Runs first, so that every trace is interpolated once, and not by each feature that may fail.
FIRST = "peak_indices"


# The pointer by which eFEL knows its core.
_at_work = ctypes.c_void_p.in_dll(ctypes.CDLL(cppcore.__file__), "pFeature")


class Core:
    """A core for some features; eFEL's own stays as it is, for all others in this process.

    Parameters
    ----------
    features
        names of features of the core, which are to be asked for in this order, after `FIRST`.
    for_python
        whether eFEL's features in Python may ask for others after these.
    """

    def __init__(self, features: Sequence[str], *, for_python: bool) -> None:
        table = dependency_table(features, _asked_by_python() if for_python else ())
        others, _at_work.value = _at_work.value, None
        try:
            _initialize(table)
            self._address = _at_work.value
        finally:
            _at_work.value = others

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Let eFEL work with this core."""
        others, _at_work.value = _at_work.value, self._address
        try:
            yield
        finally:
            cppcore.Clear()
            _at_work.value = others


def _initialize(table: str) -> None:
    """Make a core; it reads its table from a file, for which a pipe does."""
    reader, writer = os.pipe()
    try:
        with os.fdopen(writer, "w") as pipe:
            pipe.write(table)
        cppcore.Initialize(f"/dev/fd/{reader}", "")
    finally:
        os.close(reader)


def dependency_table(features: Sequence[str], later: Sequence[str]) -> str:
    """A table, as eFEL reads it, that leaves out what has been computed before.

    A feature can fail, and with it what its chain would have run after that. So only those of its
    functions count as computed before which there is none that the next feature does without:
    where one of them fails, that feature fails as well.

    Parameters
    ----------
    features
        names, in the order in which they are asked for, after `FIRST`.
    later
        names that may be asked for after these, in any order.
    """
    lines: list[str] = []
    chains: list[list[str]] = []

    def left_to_run(name: str) -> list[str]:
        chain = _chain(name)
        computed: set[str] = set()
        for earlier in chains:
            for function in earlier:
                if function not in chain:
                    break
                computed.add(function)
        return [function for function in chain[:-1] if function not in computed] + chain[-1:]

    for name in dict.fromkeys((FIRST, *features)):
        chains.append(left_to_run(name))
        lines.append(_line(chains[-1]))
    asked = {FIRST, *features}
    lines.extend(_line(left_to_run(name)) for name in later if name not in asked)
    return "\n".join(lines)


def _line(chain: Sequence[str]) -> str:
    return " #".join([chain[-1], *chain[:-1]])


@cache
def _dependencies() -> dict[str, tuple[str, list[str]]]:
    """Feature -> its function, `<part of the core>:<feature>`, and those it depends on."""
    found: dict[str, tuple[str, list[str]]] = {}
    path = Path(efel.Settings().dependencyfile_path)
    for line in path.read_text(encoding="utf-8").splitlines():
        function, *needed = "".join(line.split()).split("#")
        if function:
            # Where a feature comes twice, eFEL takes the first.
            found.setdefault(function.partition(":")[2], (function, needed))
    return found


@cache
def _chain(name: str) -> list[str]:
    """The functions that eFEL runs for a feature, in its order; the last is that of the feature."""
    function, needed = _dependencies()[name]
    chain = [step for other in needed for step in _chain(other.partition(":")[2])]
    return list(dict.fromkeys([*chain, function]))


@cache
def _asked_by_python() -> tuple[str, ...]:
    """Features of the core that eFEL's features in Python name in their code."""
    sources = sorted(Path(pyfeatures.__file__).parent.glob("*.py"))
    words = {
        word
        for source in sources
        for word in re.findall(r"[\"'](\w+)[\"']", source.read_text(encoding="utf-8"))
    }
    return tuple(sorted(words & set(_dependencies())))
