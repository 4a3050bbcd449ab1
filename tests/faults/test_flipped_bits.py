"""A bit that changes anywhere in a stored file: it is noticed, or it changes nothing."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa

from dendroflow.errors import DendroflowError
from dendroflow.kernel.sections import Sections
from dendroflow.morphology.sections import load_sections, save_sections
from dendroflow.tables.schemas import TRACES
from dendroflow.tables.tables import read_notes, read_table, write_table


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
    write_table(table, path, TRACES, {"simulation_code": "abc", "points": 6})
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
            assert read_notes(path) == {"simulation_code": "abc", "points": 6}, (position, bit)
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


def test_sections(tmp_path):
    path = tmp_path / "sections.npz"
    sections = Sections(
        ("soma[0]", "dend[0]"),
        np.array([-1, 0], np.int32),
        np.array([0.0, 1.0]),
        np.array([1], np.int32),
        np.array([0, 2, 4], np.int32),
        np.arange(16, dtype=np.float32).reshape(4, 4),
        np.full((2, 3), np.nan, np.float32),
    )
    save_sections(sections, path)
    data = path.read_bytes()
    for position, bit in positions(data, 1500):
        path.write_bytes(flipped(data, position, bit))
        try:
            found = load_sections(path)
        except DendroflowError as error:
            assert "sections.npz: is missing or damaged" in str(error)
            continue
        for name, value in vars(sections).items():
            assert np.array_equal(getattr(found, name), value, equal_nan=name == "anchors")
