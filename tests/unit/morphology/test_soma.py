"""The soma that is simulated is the one in the file, by NeuroMorpho.Org's rules."""

import itertools

import morphio
import numpy as np
import pytest

from dendroflow.morphology.importing import area_of_soma, import_sections
from dendroflow.quality.checks import run_check
from dendroflow.quality.reconstruction import Reconstruction
from dendroflow.settings.quality import Quality

SPHERE = 4 * np.pi * 25
NEURITE = ("{} 3 10 0 0 0.5 1", "{} 3 20 0 0 0.5 {}", "{} 3 30 0 0 0.5 {}")
ANGLES = np.arange(12) * np.pi / 6
RING = [(5 * np.cos(angle), 5 * np.sin(angle)) for angle in ANGLES]


def with_neurite(soma):
    n = len(soma)
    rows = [NEURITE[0].format(n + 1), *(NEURITE[k].format(n + 1 + k, n + k) for k in (1, 2))]
    return [*soma, *rows]


def read(tmp_path, rows):
    path = tmp_path / "cell.swc"
    path.write_text("\n".join(rows) + "\n")
    return path, import_sections(path)


def three(distance):
    return ["1 1 0 0 0 5 -1", f"2 1 0 {-distance} 0 5 1", f"3 1 0 {distance} 0 5 1"]


SPHERES = {
    "one point": ["1 1 0 0 0 5 -1"],
    "three points": three(5),
    "three points off by 10 %": three(5.5),
    "three points off by half": three(7.5),
    "star": [
        "1 1 0 0 0 5 -1",
        *(f"{k + 2} 1 {x:.3f} {y:.3f} 0 1 1" for k, (x, y) in enumerate(RING[::2])),
    ],
    "outline": [
        f"{k + 1} 1 {x:.3f} {y:.3f} 0 0.1 {k if k else -1}" for k, (x, y) in enumerate(RING)
    ],
}


@pytest.mark.parametrize("soma", SPHERES.values(), ids=SPHERES)
def test_what_stands_for_a_sphere_is_one(tmp_path, soma):
    _, sections = read(tmp_path, with_neurite(soma))
    assert sections.names == ("soma[0]", "dend[0]")
    assert area_of_soma(sections) == pytest.approx(SPHERE, rel=1e-3)
    assert sections.points[-3:, 0].tolist() == [10, 20, 30]


CHAINS = {
    "two points": ["1 1 0 0 0 5 -1", "2 1 0 10 0 5 1"],
    "chain": ["1 1 0 0 0 5 -1", "2 1 0 5 0 6 1", "3 1 0 10 0 4 2"],
    "long chain": [f"{k + 1} 1 0 {3 * k} 0 {5 + k % 2} {k if k else -1}" for k in range(6)],
}


@pytest.mark.parametrize("soma", CHAINS.values(), ids=CHAINS)
def test_chains_are_cylinders_with_the_area_that_morphio_reads(tmp_path, soma):
    path, sections = read(tmp_path, with_neurite(soma))
    theirs = morphio.Morphology(path).soma.surface
    assert area_of_soma(sections) == pytest.approx(theirs, rel=1e-4)


def test_the_order_of_the_rows_never_changes_the_soma(tmp_path):
    soma = {"a": "1 0 0 0 5", "b": "1 0 5 0 5", "c": "1 0 10 0 5"}
    cell = soma | {"d": "3 10 0 0 0.5", "e": "3 20 0 0 0.5", "f": "3 30 0 0 0.5"}
    parent = {"b": "a", "c": "b", "d": "a", "e": "d", "f": "e"}
    shapes = set()
    for order in itertools.permutations("abcdef"):
        number = {name: k + 1 for k, name in enumerate(order)}
        if any(number[child] < number[above] for child, above in parent.items()):
            continue
        rows = [f"{number[n]} {cell[n]} {number.get(parent.get(n, ''), -1)}" for n in order]
        _, sections = read(tmp_path, rows)
        shapes.add((sections.names, sections.points.tobytes(), sections.parent_x.tobytes()))
    assert len(shapes) == 1
    assert area_of_soma(sections) == pytest.approx(np.pi * 10 * 10, rel=1e-6)


@pytest.mark.parametrize("name", ["c91662.CNG.swc", "BS0284.swc"])
def test_somata_of_real_cells_have_the_area_that_morphio_reads(real_cell, name):
    path = real_cell(name)
    theirs = morphio.Morphology(path).soma.surface
    assert area_of_soma(import_sections(path)) == pytest.approx(theirs, rel=0.01)


@pytest.mark.parametrize("soma", [*SPHERES.values(), *CHAINS.values()], ids=[*SPHERES, *CHAINS])
def test_quality_control_prints_the_area_that_is_simulated(tmp_path, soma):
    path, sections = read(tmp_path, with_neurite(soma))
    found = run_check("soma_area", Reconstruction.from_file(path), Quality())
    assert found.value == pytest.approx(area_of_soma(sections), rel=1e-6)
