"""Values by section list and by distance, and an axon that is cut, in real cells."""

import math

import pytest

from dendroflow.model import (
    assign,
    exponential,
    insert,
    linear,
    middle,
    path_distance,
    replace_axon,
    sigmoid,
    step,
)


class Cell:
    """A soma of 20 µm, a dendrite of 100 µm at its end, and an axon at its begin."""

    def __init__(self, axon=3):
        from neuron import h

        self.soma, self.dend = [h.Section("soma", self)], [h.Section("dend", self)]
        self.axon = [h.Section(f"axon[{k}]", self) for k in range(axon)]
        self.all = [*self.soma, *self.dend, *self.axon]
        self.soma[0].L = self.soma[0].diam = 20
        self.dend[0].L, self.dend[0].nseg = 100, 5
        self.dend[0].connect(self.soma[0](1))
        parent = self.soma[0](0)
        sizes = zip(self.axon, (20, 40, 50), (1.5, 1.25, 0.75), strict=False)
        for section, length, diameter in sizes:
            section.L, section.diam = length, diameter
            section.connect(parent)
            parent = section(1)


@pytest.fixture
def cell():
    yield (made := Cell())
    # Sections refer to their cell.
    for name in ("soma", "dend", "axon", "all"):
        getattr(made, name).clear()


def test_values_are_set_in_the_sections_that_are_named_and_no_others(cell):
    insert([*cell.soma, *cell.dend], "pas", g=2e-4, e=-70)
    assign(cell.dend, cm=2, Ra=150)
    assert [s.has_membrane("pas") for s in cell.all] == [True, True, False, False, False]
    assert {seg.pas.g for s in (*cell.soma, *cell.dend) for seg in s} == {2e-4}
    assert [s.cm for s in cell.all] == [1, 2, 1, 1, 1]
    assert cell.dend[0].Ra == 150 != cell.soma[0].Ra


def test_a_later_value_counts(cell):
    assign(cell.all, cm=1.5)
    assign(cell.dend, cm=2)
    assert [s.cm for s in cell.all] == [1.5, 2, 1.5, 1.5, 1.5]


def test_a_function_gets_the_path_from_the_origin_to_the_middle_of_each_segment(cell):
    seen = []

    def value(distance):
        seen.append(distance)
        return distance / 1000

    insert(cell.dend, "pas", origin=middle(cell.soma), g=value)
    assert seen == pytest.approx([20, 40, 60, 80, 100])
    assert [seg.pas.g for seg in cell.dend[0]] == [distance / 1000 for distance in seen]


def test_a_value_of_a_whole_section_is_that_of_its_middle(cell):
    assign(cell.dend, middle(cell.soma), Ra=lambda distance: 100 + distance)
    assert cell.dend[0].Ra == pytest.approx(160)


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        # Ih of Kole et al. 2006 is 1.2174 times its somatic value at the soma.
        (exponential(8e-5, -0.8696, 2.087, 0.0031), {0: 9.7392e-5, 500: 7.1707e-4}),
        (exponential(0.1, 0, 1, -1 / 50), {0: 0.1, 50: 0.1 / math.e}),
        (linear(-75, -5 / 150), {0: -75, 150: -80}),
        (sigmoid(15, 300, 50), {300: 7.5, 350: 15 / (1 + math.exp(-1)), 3000: 15}),
        (sigmoid(15, 50, -50), {50: 7.5, 100: 15 / (1 + math.e), 3000: 0}),
        (step(1.0, 685, 885, 0.1), {684: 0.1, 685: 0.1, 686: 1.0, 884: 1.0, 885: 0.1}),
        (step(1.0, 685, 885), {0: 0.0}),
    ],
)
def test_distributions_have_their_values(distribution, expected):
    for distance, value in expected.items():
        assert distribution(distance) == pytest.approx(value, rel=1e-4, abs=1e-12)


@pytest.mark.parametrize(
    ("kept", "diameters"),
    [
        # Middles lie 20, 50 and 95 µm from that of the soma.
        (3, (1.5, 0.75)),
        (2, (1.5, 1.5)),
        (1, (1.5, 1.5)),
        (0, (1.0, 1.0)),
    ],
)
def test_an_axon_is_cut_to_two_cylinders_with_the_diameters_of_the_old_one(kept, diameters):
    cylinders, places, order, far = cut(Cell(kept))
    assert cylinders == [(30, diameter, 1) for diameter in diameters]
    assert places == ["soma(1)", "axon[0](1)"]
    assert order == ["soma", "dend", "axon[0]", "axon[1]"]
    assert far == pytest.approx(70)


def cut(cell):
    """The new axon's sizes, where it is connected, all sections, and the path to its end."""

    def name(section):
        return section.name().rpartition(".")[2]

    replace_axon(cell)
    parents = [section.parentseg() for section in cell.axon]
    found = (
        [(section.L, section.diam, section.nseg) for section in cell.axon],
        [f"{name(parent.sec)}({parent.x:g})" for parent in parents],
        [name(section) for section in cell.all],
        path_distance(middle(cell.soma), cell.axon[1](1)),
    )
    for sections in (cell.soma, cell.dend, cell.axon, cell.all):
        sections.clear()
    return found
