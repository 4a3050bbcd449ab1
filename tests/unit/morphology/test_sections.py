import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dendroflow.errors import MorphologyError
from dendroflow.kernel.sections import Sections
from dendroflow.morphology import importing
from dendroflow.morphology.files import parse, read
from dendroflow.morphology.import3d import Owner, import3d, sections_of
from dendroflow.morphology.importing import compare, import_sections
from dendroflow.morphology.sections import (
    counts_of,
    load_sections,
    require_sections,
    save_sections,
)

REAL = ["c91662.CNG.swc", "n123.CNG.swc", "BS0284.swc"]
ARRAYS = ("parents", "parent_x", "order", "starts", "points", "anchors")


@pytest.fixture(params=["branched.swc", "branched.asc", "C060114A7.asc", *REAL])
def cell_file(request, real_cell, l5pc):
    own = Path(__file__).parents[2] / "data" / "morphologies" / request.param
    if own.exists():
        return own
    return l5pc if request.param == l5pc.name else real_cell(request.param)


def local_names(sections):
    return [section.name().rpartition(".")[2] for section in sections]


def segments(cell, nseg):
    for section in cell.all:
        section.nseg = nseg
    return np.array(
        [
            (section.L, segment.x, segment.diam, segment.area(), segment.ri(), segment.volume())
            for section in cell.all
            for segment in section
        ]
    )


def assert_same(one, other):
    assert one.names == other.names
    for field in ARRAYS:
        a, b = getattr(one, field), getattr(other, field)
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_the_sections_are_those_of_import3d_to_the_last_bit(cell_file, tmp_path):
    geometry = import_sections(cell_file)
    reference, copy = import3d(cell_file), Owner()
    vars(copy).update(geometry.create(copy))
    assert_same(sections_of(copy.all), sections_of(reference.all))
    for kind in ("soma", "axon", "dend", "apic"):
        assert local_names(getattr(copy, kind)) == local_names(getattr(reference, kind, []))
    assert [local_names(s.children()) for s in copy.all] == [
        local_names(s.children()) for s in reference.all
    ]
    for nseg in (1, 3, 11):
        np.testing.assert_array_equal(segments(copy, nseg), segments(reference, nseg))


def test_a_saved_geometry_is_the_same(cell_file, tmp_path):
    geometry = import_sections(cell_file)
    first, second = tmp_path / "a" / "one.npz", tmp_path / "two.npz"
    save_sections(geometry, first)
    loaded = load_sections(first)
    assert_same(loaded, geometry)
    save_sections(loaded, second)
    assert first.read_bytes() == second.read_bytes()
    assert [path.name for path in first.parent.iterdir()] == ["one.npz"]


def test_simulations_of_both_are_bit_identical(l5pc):
    from neuron import h

    h.load_file("stdrun.hoc")
    reference, copy = import3d(l5pc), Owner()
    vars(copy).update(import_sections(l5pc).create(copy))
    recordings = []
    for cell in (reference, copy):
        for section in cell.all:
            section.nseg = 3
            section.insert("pas")
        cell.soma[0].insert("hh")
        cell.clamp = h.IClamp(cell.soma[0](0.5))
        cell.clamp.delay, cell.clamp.dur, cell.clamp.amp = 0.5, 3, 3
        places = [cell.soma[0], cell.axon[-1], cell.dend[-1], cell.apic[-1]]
        recordings.append([h.Vector().record(place(0.5)._ref_v) for place in places])
    h.finitialize(-65)
    h.continuerun(5)
    voltages = [np.array([vector.to_python() for vector in vectors]) for vectors in recordings]
    assert np.ptp(voltages[0][0]) > 10
    np.testing.assert_array_equal(*voltages)


def test_instantiating_costs_a_tenth_of_import3d(l5pc):
    geometry = import_sections(l5pc)
    costs = []
    for make in (lambda: import3d(l5pc), lambda: geometry.create(Owner())):
        spent = []
        for _ in range(3):
            start = time.process_time()
            make()
            spent.append(time.process_time() - start)
        costs.append(min(spent))
    assert costs[1] < costs[0] / 10


def test_sections_are_counted_and_required_by_kind(tmp_path, branched_swc):
    path = tmp_path / "cell.swc"
    path.write_bytes(branched_swc + b"18 7 0 0 9 1 1\n")
    geometry = import_sections(path)
    assert counts_of(geometry) == {"soma": 1, "axon": 1, "dend": 4, "apic": 3, "dend_7": 1}
    require_sections(geometry, ["soma", "apic"], "mine")
    with pytest.raises(
        MorphologyError, match="'mine' has no sections of type tuft, glia; it has 1"
    ):
        require_sections(geometry, ["soma", "tuft", "glia"], "mine")
    cell = Owner()
    vars(cell).update(geometry.create(cell))
    assert local_names(cell.dend_7) == ["dend_7[0]"]
    assert len(cell.all) == 10


def test_kinds_that_are_absent_are_empty_lists(tmp_path):
    path = tmp_path / "soma.swc"
    path.write_text("1 1 0 0 0 5 -1\n")
    cell = Owner()
    vars(cell).update(import_sections(path).create(cell))
    assert (cell.axon, cell.dend, cell.apic) == ([], [], [])
    assert cell.soma == cell.all
    assert cell.soma[0].L == cell.soma[0].diam == 10


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_the_reader_accepts_is_the_same_to_neuron(tmp_path, branched_swc, end):
    rows = branched_swc.decode().splitlines()
    text = [*rows[:4], "", "  \t", "# comment", *(row + "\t7 # more" for row in rows[4:])]
    path, plain = tmp_path / "varied.swc", tmp_path / "plain.swc"
    path.write_text(end.join(text), newline="")
    plain.write_bytes(branched_swc)
    assert_same(import_sections(path), import_sections(plain))


def test_a_stack_of_outlines_and_a_near_neurite_are_accepted(tmp_path, branched_asc):
    outline = branched_asc[branched_asc.index(b'("CellBody"') : branched_asc.index(b'("Pia"')]
    text = branched_asc.replace(outline, outline + outline.replace(b"   0  0.2", b"   3  0.2"))
    path = tmp_path / "stack.asc"
    path.write_bytes(text.replace(b"(  -7   0  0  2.0)", b"( -12   0  0  2.0)"))
    geometry = import_sections(path)
    assert counts_of(geometry) == {"soma": 1, "axon": 1, "dend": 3, "apic": 3}


def test_deep_trees_fit_on_neurons_stack(tmp_path):
    soma = '("CellBody" (-5 -4 0 0) (5 -4 0 0) (5 4 0 0) (-5 4 0 0))\n'
    split = "".join(f"( ({20 + k} 1 0 1) | ({20 + k} 0 0 1)\n" for k in range(400))
    path = tmp_path / "deep.asc"
    path.write_text(soma + "( (Dendrite) (5 0 0 1) (19 0 0 1)\n" + split + ")" * 401 + "\n")
    assert counts_of(import_sections(path)) == {"soma": 1, "dend": 801}


def lenient(monkeypatch, path, text):
    """Let a file that our reader refuses reach NEURON."""
    path.write_bytes(text)
    tree = parse(b"1 1 0 0 0 5 -1\n", "swc", str(path))
    monkeypatch.setattr(importing, "read", lambda _: tree)
    return path


def test_a_crash_of_neuron_is_an_error(tmp_path, monkeypatch):
    path = lenient(monkeypatch, tmp_path / "crash.swc", b"1 1 0 0 0 5 -1\n2 3 5 0 0 1 77\n")
    with pytest.raises(MorphologyError, match=r"crash\.swc: NEURON crashes on it \(signal 11\)"):
        import_sections(path)


def test_what_neuron_drops_is_an_error(tmp_path, monkeypatch, branched_swc):
    bad = branched_swc.replace(b"17 4 35 175 2 0.6 15", b"17 4 35 175 2 0.6")
    path = lenient(monkeypatch, tmp_path / "dropped.swc", bad)
    with pytest.raises(
        MorphologyError, match=r"NEURON would alter it: error .* could not parse: 17"
    ):
        import_sections(path)


def test_what_neuron_cannot_parse_is_an_error(tmp_path, branched_asc):
    path = tmp_path / "odd.asc"
    path.write_bytes(branched_asc.replace(b"(Color Red)", b"(Color RGB)"))
    with pytest.raises(MorphologyError, match="NEURON cannot read it: parse error"):
        import_sections(path)


def test_a_section_that_neuron_removes_is_an_error(tmp_path):
    path = tmp_path / "stub.swc"
    rows = ["1 1 0 0 0 5 -1", "2 1 0 5 0 4 1", "3 1 0 -5 0 4 1", "4 3 0 6 0 1 1", "5 2 0 7 0 1 2"]
    path.write_text("\n".join(rows) + "\n")
    with pytest.raises(MorphologyError, match="NEURON would alter it: One point section"):
        import_sections(path)


def test_a_hang_of_neuron_is_an_error(tmp_path, branched_swc):
    path = tmp_path / "slow.swc"
    path.write_bytes(branched_swc)
    with pytest.raises(MorphologyError, match=r"did not read it within 0.001 s"):
        import_sections(path, timeout_s=0.001)


def test_mechanisms_in_the_working_directory_are_not_loaded(tmp_path, branched_swc, monkeypatch):
    for folder in ("x86_64", "arm64", "aarch64"):
        (tmp_path / folder).mkdir()
        for name in ("libnrnmech.so", "libnrnmech.dylib"):
            (tmp_path / folder / name).write_text("not a library")
    (tmp_path / "cell.swc").write_bytes(branched_swc)
    monkeypatch.chdir(tmp_path)
    here = subprocess.run([sys.executable, "-c", "import neuron"], capture_output=True, check=False)
    assert b"libnrnmech" in here.stdout + here.stderr
    import_sections(tmp_path / "cell.swc")


def altered(geometry, **changes):
    fields = {name: getattr(geometry, name) for name in ("names", *ARRAYS)}
    return Sections(**(fields | changes))


def test_sections_that_are_not_those_of_the_file_are_refused(tmp_path, branched_swc):
    path = tmp_path / "cell.swc"
    path.write_bytes(branched_swc)
    tree, geometry = read(path), import_sections(path)
    compare(tree, geometry)
    last = len(geometry.points) - 1
    moved, nan, zero = (geometry.points.copy() for _ in range(3))
    moved[last, 1] += 0.01
    nan[last, 0] = np.nan
    zero[last, 3] = 0
    orphan = geometry.parents.copy()
    orphan[-1] = -1
    flat = geometry.points.copy()
    flat[geometry.starts[-2] :] = flat[last]
    detour = geometry.points.copy()
    axon = geometry.starts[geometry.names.index("axon[0]")]
    detour[[axon + 1, axon + 2]] = detour[[axon + 2, axon + 1]]
    for changes, reason in [
        ({"points": detour}, r"line \d+: NEURON does not join it to line \d+"),
        (
            {"names": tuple(name.replace("axon", "dend_9") for name in geometry.names)},
            r"NEURON's axon is 0\.0 µm long",
        ),
        ({"points": moved}, "NEURON leaves this point out or changes it"),
        ({"points": nan}, "zero or no numbers"),
        ({"points": zero}, "zero or no numbers"),
        ({"parents": orphan}, "no single tree"),
        ({"points": flat}, "has no length"),
        ({"names": tuple(name.replace("soma", "dend_9") for name in geometry.names)}, "no single"),
    ]:
        with pytest.raises(MorphologyError, match=reason):
            compare(tree, altered(geometry, **changes))


def test_a_geometry_that_is_damaged_or_missing_is_refused(tmp_path, branched_swc):
    path = tmp_path / "cell.swc"
    path.write_bytes(branched_swc)
    whole = tmp_path / "whole.npz"
    save_sections(import_sections(path), whole)
    for data in (b"", b"not a zip", whole.read_bytes()[:-100]):
        damaged = tmp_path / "damaged.npz"
        damaged.write_bytes(data)
        with pytest.raises(MorphologyError, match=r"damaged\.npz: is missing or damaged; delete"):
            load_sections(damaged)
    with pytest.raises(MorphologyError, match="missing or damaged"):
        load_sections(tmp_path / "none.npz")


def test_reading_geometry_needs_neither_requests_nor_pydantic():
    program = (
        "import sys, dendroflow.morphology.sections; "
        "print([m for m in ('requests', 'pydantic', 'neuron') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        check=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert run.stdout.strip() == "[]"
