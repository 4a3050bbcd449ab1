"""The cell that NEURON makes of an SWC file does not depend on the order of its rows."""

import random
from typing import NamedTuple

import numpy as np
import pytest

from dendroflow.morphology.importing import import_sections

SOMATA = {
    "one point": [(1, 0, 0, 0, 5, -1)],
    "two points": [(1, 0, 0, 0, 5, -1), (1, 0, 8, 0, 4, 0)],
    "three points": [(1, 0, 0, 0, 5, -1), (1, 0, 5, 0, 5, 0), (1, 0, -5, 0, 5, 0)],
}


class Row(NamedTuple):
    kind: int
    x: float
    y: float
    z: float
    radius: float
    parent: int


def random_tree(soma, chance):
    """Neurites of mixed types that branch anywhere but at their first points."""
    rows = [Row(*row) for row in soma]
    for _ in range(12):
        parent = chance.randrange(len(rows)) if chance.random() < 0.6 else 0
        first = rows[parent].kind != 1 and rows[rows[parent].parent].kind == 1
        if first and any(row.parent == parent for row in rows):
            parent = 0
        if rows[parent].kind == 1:
            parent, kind, distance = 0, chance.choice([2, 3, 4]), 5
        else:
            kind = rows[parent].kind if first else chance.choice([rows[parent].kind] * 4 + [2, 3])
            distance = 20
        step = np.array([chance.gauss(0, 1) for _ in range(3)])
        place = np.array(rows[parent][1:4]) + distance * step / np.linalg.norm(step)
        rows.append(Row(int(kind), *place.round(3).tolist(), 0.5, parent))
    lonely = [k for k, row in enumerate(rows) if row.kind != 1 and rows[row.parent].kind == 1]
    for k in lonely:
        # A neurite of one point is no cable on a soma of cylinders.
        if not any(row.parent == k for row in rows):
            rows.append(rows[k]._replace(x=rows[k].x + 30, parent=k))
    return rows


def shuffled(rows, chance):
    """Some order in which parents come first."""
    found, left = [0], set(range(1, len(rows)))
    while left:
        found.append(chance.choice(sorted(k for k in left if rows[k].parent in found)))
        left.remove(found[-1])
    return found


def cell(folder, rows, order):
    """Each section's kind and points, with the section and the place where it begins."""
    place = {row: k for k, row in enumerate(order, start=1)}
    path = folder / "cell.swc"
    lines = (
        " ".join(map(str, (place[k], *rows[k][:-1], place.get(rows[k].parent, -1)))) for k in order
    )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = import_sections(path)
    sections = [
        (kind, tuple(map(tuple, points.tolist())))
        for kind, points in zip(made.kinds, np.split(made.points, made.starts[1:-1]), strict=True)
    ]

    def start(k):
        while True:
            k, x = made.parents[k], float(made.parent_x[k])
            if x or made.parents[k] < 0:
                return sections[k], x

    return {own: start(k) for k, own in enumerate(sections) if made.parents[k] >= 0}


@pytest.mark.parametrize("soma", SOMATA.values(), ids=SOMATA)
def test_shuffled_rows_are_the_same_cell(tmp_path, soma):
    for seed in range(5):
        chance = random.Random(seed)
        rows = random_tree(soma, chance)
        written = cell(tmp_path, rows, range(len(rows)))
        assert len(written) > 2
        for _ in range(2):
            assert cell(tmp_path, rows, shuffled(rows, chance)) == written


def test_breadth_first_rows_are_read_branch_by_branch(tmp_path):
    depth_first = [
        Row(1, 0, 0, 0, 5, -1),
        Row(3, 5, 0, 0, 0.5, 0),
        Row(3, 50, 0, 0, 0.5, 1),
        Row(3, 90, 0, 0, 0.5, 2),
        Row(2, -5, 0, 0, 0.5, 0),
        Row(2, -50, 0, 0, 0.5, 4),
    ]
    made = cell(tmp_path, depth_first, [0, 1, 4, 2, 5, 3])
    assert made == cell(tmp_path, depth_first, range(6))
    assert [(kind, len(points)) for kind, points in sorted(made)] == [("axon", 2), ("dend", 3)]


def test_an_axon_that_leaves_the_first_point_of_a_dendrite_is_an_axon(tmp_path):
    rows = [
        Row(1, 0, 0, 0, 5, -1),
        Row(3, -5, 0, 0, 0.5, 0),
        Row(3, -50, 0, 0, 0.5, 1),
        Row(3, 5, 0, 0, 0.5, 0),
        Row(2, 20, 0, 0, 0.5, 3),
        Row(2, 60, 0, 0, 0.5, 4),
        Row(3, 5, 50, 0, 0.4, 3),
    ]
    made = cell(tmp_path, rows, range(7))
    lengths = {
        kind: sum(
            np.linalg.norm(np.diff(p, axis=0)[:, :3], axis=1).sum() for k, p in made if k == kind
        )
        for kind in ("axon", "dend")
    }
    assert lengths["axon"] == pytest.approx(55)
    # NEURON counts the 5 µm to the centre of the soma.
    assert lengths["dend"] == pytest.approx(45 + 50 + 5)


def test_a_neurite_of_one_point_on_a_soma_of_three_is_its_link(tmp_path):
    rows = [*(Row(*row) for row in SOMATA["three points"]), Row(3, 9, 0, 0, 0.5, 0)]
    ((_, points),) = cell(tmp_path, rows, range(4))
    assert [point[0] for point in points] == [0, 9]
