"""A bit that changes anywhere in a stored file: it is noticed, or it changes nothing."""

import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from dendroflow.errors import DendroflowError, MechanismError
from dendroflow.files import has_changed, is_intact, seal, write_digest
from dendroflow.kernel.loading import load_mechanisms
from dendroflow.kernel.sections import Sections
from dendroflow.morphology.sections import load_sections, save_sections
from dendroflow.tables.schemas import TRACES
from dendroflow.tables.tables import read_notes, read_table, write_table

SCRIPTS = Path(__file__).parents[2] / "scripts"


def flipped(data: bytes, position: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1 << bit
    return bytes(changed)


def positions(data: bytes, number: int):
    """Bits to flip: of every byte, or of as many as asked for; the same in every run."""
    chance = random.Random(1)
    chosen = range(len(data)) if len(data) <= number else chance.sample(range(len(data)), number)
    return [(position, chance.randrange(8)) for position in chosen]


def traces(path: Path) -> pa.Table:
    rows = [
        {
            "point_id": f"point {k}",
            "signal": "soma_v",
            "unit": "mV",
            "location": None,
            "outline": None,
            "t0": 0.0,
            "dt": 0.025,
            "t": None,
            "values": np.sin(np.arange(40) * (k + 1)).tolist(),
        }
        for k in range(6)
    ]
    table = pa.Table.from_pylist(rows, schema=TRACES)
    write_table(table, path, TRACES, {"recipe": "abc", "points": 6})
    return table


def test_tables(tmp_path):
    path = tmp_path / "traces.parquet"
    table = traces(path)
    data = path.read_bytes()
    noticed = 0
    for position, bit in positions(data, 1500):
        path.write_bytes(flipped(data, position, bit))
        try:
            assert read_table(path).equals(table), (position, bit)
            assert read_notes(path) == {"recipe": "abc", "points": 6}, (position, bit)
        except DendroflowError as error:
            assert "traces.parquet: is damaged" in str(error)
            noticed += 1
    assert noticed > 600


def test_a_part_of_a_table(tmp_path):
    """As figures read it: nothing is left out, and nothing hangs, as in Arrow's own filters."""
    path = tmp_path / "traces.parquet"
    table = traces(path)
    wanted = table.filter(pa.compute.equal(table["point_id"], "point 3")).select(["values"])
    data = path.read_bytes()
    for position, bit in positions(data, 1500):
        path.write_bytes(flipped(data, position, bit))
        try:
            found = read_table(path, ["values"], {"point_id": ["point 3"]})
        except DendroflowError:
            continue
        assert found.equals(wanted), (position, bit)


def test_geometries(tmp_path):
    path = tmp_path / "geometry.npz"
    geometry = Sections(
        ("soma[0]", "dend[0]"),
        np.array([-1, 0], np.int32),
        np.array([0.0, 1.0]),
        np.array([1], np.int32),
        np.array([0, 2, 4], np.int32),
        np.arange(16, dtype=np.float32).reshape(4, 4),
        np.full((2, 3), np.nan, np.float32),
    )
    save_sections(geometry, path)
    data = path.read_bytes()
    for position, bit in positions(data, 1500):
        path.write_bytes(flipped(data, position, bit))
        try:
            found = load_sections(path)
        except DendroflowError as error:
            assert "geometry.npz: is missing or damaged" in str(error)
            continue
        for name, value in vars(geometry).items():
            assert np.array_equal(getattr(found, name), value, equal_nan=name == "anchors")


def test_libraries(tmp_path):
    library = tmp_path / "libnrnmech.so"
    library.write_bytes(random.Random(2).randbytes(500))
    seal(library)
    data = library.read_bytes()
    assert is_intact(library)
    for position, bit in positions(data, len(data)):
        library.write_bytes(flipped(data, position, bit))
        assert not is_intact(library), position
    for length in range(len(data)):
        library.write_bytes(data[:length])
        assert not is_intact(library), length
    with pytest.raises(MechanismError, match=r"libnrnmech\.so: is damaged; delete it"):
        load_mechanisms(library)


def test_digests(tmp_path):
    path, digest = tmp_path / "dendroflow.sqlite", tmp_path / "dendroflow.sqlite.sha256"
    path.write_bytes(b"a database")
    assert not has_changed(path, digest)
    write_digest(path, digest)
    assert not has_changed(path, digest)
    check = ["sha256sum", "--check", "--status", digest.name]
    assert subprocess.run(check, cwd=tmp_path, check=False, timeout=20).returncode == 0
    # Clocks of file systems tick every few milliseconds: a later time is set here.
    later = path.stat().st_mtime_ns + 10**9
    os.utime(path, ns=(later, later))
    assert not has_changed(path, digest)
    path.write_bytes(b"another database")
    os.utime(path, ns=(later, later))
    assert has_changed(path, digest)


REACTION = """
import sys, types
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from neuron import rxd
from dendroflow.kernel.reactions import share_compiled_reactions
import neuron.rxd.rxd as inside
assert share_compiled_reactions(Path("rxd"))
formula = 'extern "C" double reaction(double* x, double* y) { y[0] = 42 + x[0]; return 0; }'
import ctypes
x, y = (ctypes.c_double * 1)(1.0), (ctypes.c_double * 1)(0.0)
inside._cxx_compile(formula)(x, y)
print(y[0])
"""


def test_compiled_reactions_are_made_again(tmp_path):
    command = [sys.executable, "-c", REACTION, str(SCRIPTS)]

    def run() -> str:
        options = {"cwd": tmp_path, "capture_output": True, "text": True, "timeout": 100}
        return subprocess.run(command, **options, check=True).stdout

    assert run() == "43.0\n"
    (library,) = tmp_path.glob("rxd/*.so")
    sound = library.read_bytes()
    for damaged in (sound[: len(sound) // 2], flipped(sound, len(sound) // 3, 1), b""):
        library.write_bytes(damaged)
        assert run() == "43.0\n"
        assert is_intact(library)
