"""What is fuzzed: each target makes an input, reads it, and says whether it was accepted.

A refusal is an error of `dendroflow.errors` of one printable line. Everything else that comes out
of a reader, and every accepted input that is not what it says, is a finding.
"""

import importlib.util
import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fuzz.mutations import mutated
from pydantic import TypeAdapter, ValidationError
from synthetic_cell import sound_cell

from dendroflow.design import expansion
from dendroflow.design.axes import axis_values
from dendroflow.errors import ConfigurationError, DendroflowError
from dendroflow.morphology.files import parse
from dendroflow.morphology.graph import PointGraph
from dendroflow.morphology.mend import Change, mend
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.morphologies import MorphologyName, MorphologySource
from dendroflow.settings.project import Project, first_problem, read_yaml, validated
from dendroflow.settings.quality import Quality
from dendroflow.settings.sweep import Sweep

TESTS = Path(__file__).parents[1]
CONFIG = TESTS.parent / "config"
_NUMBER = re.compile(r"\d")
SWEEP: TypeAdapter[Any] = TypeAdapter(Sweep)
CATALOGUE = dict[MorphologyName, MorphologySource]
# Larger designs are as good as refused: they would only take time.
LARGEST_DESIGN = 5_000


@dataclass(frozen=True)
class Target:
    """A reader: how an input is made from random numbers, and how it is read."""

    make: Callable[[random.Random], Any]
    read: Callable[[Any, Path], object]


def try_out(target: Target, content: Any, folder: Path) -> object:
    """Return what was read, or None if it was refused in one printable line."""
    try:
        return target.read(content, folder)
    except DendroflowError as error:
        message = str(error)
        assert message, "a refusal without a reason"
        assert message.isprintable(), f"a message that is not one printable line: {message!r}"
        assert len(message) < 2500, f"a message of {len(message)} characters"
        return None


# Morphologies -----------------------------------------------------------------------------------


def l5pc() -> bytes:
    """The Neurolucida cell that BluePyOpt's wheel ships."""
    spec = importlib.util.find_spec("bluepyopt")
    assert spec and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0])
    return (folder / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc").read_bytes()


def _pieces_of_l5pc() -> list[bytes]:
    """Its soma with one of its trees each: a whole file takes a quarter of a second."""
    blocks, depth, start = [], 0, 0
    data = l5pc()
    for match in re.finditer(rb"[()]", re.sub(rb";[^\r\n]*", lambda m: b" " * len(m[0]), data)):
        start = match.start() if depth == 0 else start
        depth += 1 if match[0] == b"(" else -1
        if depth == 0:
            blocks.append(data[start : match.end()] + b"\n")
    somata = b"".join(block for block in blocks if b'"CellBody"' in block)
    trees = [b for b in blocks if re.search(rb"\((Axon|Dendrite|Apical)\)", b)]
    small = [tree for tree in trees if len(tree) < 30_000]
    assert somata and small
    return [somata + tree for tree in small]


def _mutant_of(seeds: Callable[[], list[bytes]]) -> Callable[[random.Random], bytes]:
    kept: list[bytes] = []

    def make(rng: random.Random) -> bytes:
        kept.extend([] if kept else seeds())
        return mutated(rng.choice(kept), rng)

    return make


def _swc_seeds() -> list[bytes]:
    branched = (TESTS / "data/morphologies/branched.swc").read_bytes()
    return [branched, branched, sound_cell().swc()]


def _asc_seeds() -> list[bytes]:
    return [(TESTS / "data/morphologies/branched.asc").read_bytes(), *_pieces_of_l5pc()]


def _read_swc(data: bytes, _: Path) -> PointGraph:
    tree = parse(data, "swc", "cell.swc")
    rows = [line.split(b"#")[0].split() for line in data.splitlines()]
    plain = [row[:7] for row in rows if row]
    assert len(plain) == len(tree), "rows were dropped or added"
    read = np.array([[float(cell) for cell in row] for row in plain])
    written = np.column_stack([tree.ids, tree.types, tree.xyz, tree.radii])
    assert np.array_equal(read[:, :6], written), "a value was altered"
    parents = np.where(tree.parents < 0, -1, tree.ids[tree.parents])
    assert np.array_equal(read[:, 6], parents), "a connection was altered"
    return tree


def _mend(data: bytes, folder: Path) -> bytes:
    """The mended cell: accepted, mended no further, and the file itself where it was accepted."""
    mended, changes = mend(data, "cell.swc")
    parse(mended, "swc", "cell.swc")
    assert mend(mended, "cell.swc") == (mended, []), "what is mended is mended again"
    written = try_out(TARGETS["SWC"], data, folder)
    assert written is None or not changes or _alone(changes), "what is accepted is changed"
    return mended


def _alone(changes: list[Change]) -> bool:
    """Whether only neurites of one point are changed, which NEURON leaves out."""
    return all("one point" in what or "its own type" in what for _, what in changes)


def _read_asc(data: bytes, _: Path) -> PointGraph:
    tree = parse(data, "asc", "cell.asc")
    text = data.decode("latin-1")
    rows = re.finditer(r"\(([-+.\deE\s,]+)[^()]*\)", re.sub(r";[^\r\n]*", "", text), re.ASCII)
    numbers = [re.findall(r"[^\s,]+", row[1], re.ASCII) for row in rows]
    points = Counter(
        tuple(map(float, row)) for row in numbers if len(row) == 4 and all(map(_NUMBER.search, row))
    )
    made = Counter(map(tuple, np.column_stack([tree.xyz, 2 * tree.radii]).tolist()))
    assert not made - points, "a point was altered or made up"
    return tree


# Configurations ---------------------------------------------------------------------------------

_KINDS: dict[str, Any] = {
    "config": Project,
    "morphologies": CATALOGUE,
    "quality": Quality,
    "experiments": Experiment,
}


def _configurations() -> list[tuple[str, bytes]]:
    found = [("config", path.read_bytes()) for path in sorted(CONFIG.glob("c*.yaml"))]
    found += [(k, (CONFIG / f"{k}.yaml").read_bytes()) for k in ("morphologies", "quality")]
    experiments = sorted((CONFIG / "experiments").glob("*.yaml"))
    return found + [("experiments", path.read_bytes()) for path in experiments]


_FILES = _configurations()


def _make_configuration(rng: random.Random) -> tuple[str, bytes]:
    kind, data = rng.choice(_FILES)
    return kind, mutated(data, rng)


def _read_configuration(content: tuple[str, bytes], folder: Path) -> object:
    kind, data = content
    path = folder / f"{kind}.yaml"
    path.write_bytes(data)
    found = read_yaml(path)
    if kind != "experiments":
        return validated(_KINDS[kind], found or {}, path)
    experiment = validated(Experiment, found, path)
    if experiment.sweep is not None:
        _expanded(experiment.sweep, folder)
    return experiment


# Designs ----------------------------------------------------------------------------------------

_PATHS = ["parameters.a", "parameters.b", "parameters.Ra", "simulation.dt", "morphology"]
_BAD_PATHS = ["a", "parameters.", "parameters.a.b", "morphologies", "grid", "", 1, None]
_VALUES = [0, 1, -1, 2**53 + 1, 2**63, -(2**63), 10**400, 0.1, 1e-320, 1e308, math.nan, math.inf]
_VALUES += [-0.0, True, False, None, "", "1e-3", "x", "true", [], {}, [1], {"a": 1}]
_SOUND = [0, 1, 2, 3, -7, 0.25, 0.1, 1e-9, 2**53 + 1, True, "x", "y"]


def _value(rng: random.Random) -> Any:
    return rng.choice(_VALUES if rng.random() < 0.1 else _SOUND)


def _path(rng: random.Random) -> Any:
    return rng.choice(_BAD_PATHS if rng.random() < 0.03 else _PATHS)


def _axis(rng: random.Random) -> Any:
    kind = rng.choice(["list", "list", "list", "values", "linspace", "logspace", "arange", "junk"])
    if kind in ("list", "values"):
        values = [_value(rng) for _ in range(rng.randrange(0 if rng.random() < 0.05 else 1, 6))]
        return values if kind == "list" else {"values": values}
    if kind == "junk":
        return _value(rng)
    last = rng.choice([2, 3, 11, 101, 10**9, 0, -1]) if kind != "arange" else _value(rng)
    parts = [_value(rng), _value(rng), last]
    return {kind: parts[: 2 if rng.random() < 0.03 else 3]}


def _range(rng: random.Random) -> Any:
    kind = rng.choice(["range", "log_range", "integer_range"])
    return {kind: [_value(rng), _value(rng)]} if rng.random() < 0.95 else _value(rng)


def _axes(rng: random.Random, axis: Callable[[random.Random], Any]) -> Any:
    return {_path(rng): axis(rng) for _ in range(rng.randrange(1, 4))}


def _block(rng: random.Random) -> Any:
    block: dict[str, Any] = {}
    for _ in range(1 if rng.random() < 0.8 else 2):
        kind = rng.choice(["grid", "grid", "zip", "list", "latin_hypercube", "sobol", "saltelli"])
        if kind in ("grid", "zip"):
            block[kind] = _axes(rng, _axis)
        elif kind == "list":
            paths = [_path(rng) for _ in range(rng.randrange(1, 3))]
            count = rng.randrange(1, 5)
            block[kind] = [{path: _value(rng) for path in paths} for _ in range(count)]
        else:
            samples = rng.choice([1, 2, 3, 8, 64, 0, -1, 10**8, "8", 2.0, True])
            seed = rng.choice([0, 1, 2**32, 2**70, -1, None, "x"])
            block[kind] = {"samples": samples, "seed": seed, "axes": _axes(rng, _range)}
    return block


def _make_design(rng: random.Random) -> Any:
    kind = rng.random()
    if kind < 0.3:
        return _axes(rng, _axis)
    if kind < 0.6:
        return _block(rng)
    if kind < 0.95:
        return [_block(rng) for _ in range(rng.randrange(1, 4))]
    return _value(rng)


def _read_design(content: Any, folder: Path) -> object:
    try:
        sweep = SWEEP.validate_python(content)
    except ValidationError as error:
        raise ConfigurationError(first_problem(error)) from error
    return _expanded(sweep, folder)


def _expanded(sweep: Any, folder: Path) -> object:
    """The points of a sweep, compared with the products that itertools makes of it."""
    if sum(math.prod(sizes) for sizes in map(_sizes, sweep)) > LARGEST_DESIGN:
        return None
    table = expansion.expand(sweep, folder).table
    wanted = [row for block in sweep for row in _product(block)]
    if any(block.latin_hypercube or block.sobol or block.saltelli for block in sweep):
        return table
    assert len(table) == len(wanted), f"{len(table)} points for {len(wanted)}"
    columns = {path: table[path].tolist() for path in table}
    for k, row in enumerate(wanted):
        found = {path: values[k] for path, values in columns.items() if values[k] is not None}
        assert found == row, f"point {k}: {found} for {row}"
        kinds = {path: isinstance(value, bool) for path, value in row.items()}
        assert {path: isinstance(found[path], bool) for path in found} == kinds, f"point {k}"
    return table


def _sizes(block: Any) -> list[int]:
    sizes = [axis.size for axis in (block.grid or {}).values()]
    sizes += [next(iter(block.zip.values())).size] if block.zip else []
    sizes += [len(block.list)] if block.list else []
    sizes += [design.samples for design in (block.latin_hypercube, block.sobol) if design]
    return sizes + ([block.saltelli.rows] if block.saltelli else [])


def _product(block: Any) -> list[dict[str, Any]]:
    grid = [[(path, v) for v in axis_values(axis)] for path, axis in (block.grid or {}).items()]
    designs: list[list[dict[str, Any]]] = []
    if block.grid:
        designs.append([dict(pairs) for pairs in itertools.product(*grid)])
    if block.zip:
        values = zip(*(axis_values(axis) for axis in block.zip.values()), strict=True)
        designs.append([dict(zip(block.zip, row, strict=True)) for row in values])
    if block.list:
        designs.append([dict(row) for row in block.list])
    return [
        {path: value for part in parts for path, value in part.items()}
        for parts in itertools.product(*designs)
    ]


TARGETS = {
    "SWC": Target(_mutant_of(_swc_seeds), _read_swc),
    "mend": Target(_mutant_of(_swc_seeds), _mend),
    "Neurolucida": Target(_mutant_of(_asc_seeds), _read_asc),
    "configuration": Target(_make_configuration, _read_configuration),
    "design": Target(_make_design, _read_design),
}
__all__ = ["TARGETS", "Target", "l5pc", "try_out"]
