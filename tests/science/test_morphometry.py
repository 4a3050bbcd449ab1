"""A reconstruction against published morphometrics."""

from pathlib import Path

import bluepyopt
import numpy as np
import pytest

from dendroflow.analysis.morphometrics import morphometrics
from dendroflow.analysis.scores import score_morphologies
from dendroflow.morphology.importing import import_sections
from dendroflow.settings.observations import read_all
from dendroflow.settings.project import load, read_yaml

COURSE = Path(__file__).parents[2] / "config" / "course.yaml"
CELL = Path(bluepyopt.__file__).parent / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc"


@pytest.fixture(scope="module")
def measures():
    return morphometrics("C060114A7", CELL)


@pytest.fixture(scope="module")
def scores(measures):
    configuration = load(read_yaml(COURSE), COURSE)
    observations = read_all(configuration)["frontal_pyramidal"]
    table = score_morphologies(measures, observations.values(), 2.0).to_pandas()
    return table.set_index("metric")["score"]


def test_lengths_are_those_that_neuron_sees(measures):
    """Independent of NeuroM: NEURON's importer, whose dendrites begin at the soma's outline."""
    from neuron import h

    class Cell:
        def __repr__(self):
            return "cell"

    cell = Cell()
    vars(cell).update(import_sections(CELL).create(cell))
    found = measures.to_pandas().set_index("metric")["value"]
    for part, sections in (("basal", cell.dend), ("apical", cell.apic), ("axon", cell.axon)):
        length = sum(section.L for section in sections)
        assert found[f"{part}_total_length"] == pytest.approx(length, rel=0.02), part
        tips = sum(not section.children() for section in sections)
        assert found[f"{part}_tips"] == tips
    for section in list(h.allsec()):
        h.delete_section(sec=section)


def test_a_score_computed_from_the_printed_table(scores):
    """3364 ± 283 µm (SEM, n = 5); de la Peña and Geijo-Barrientos 1996, J Neurosci 16:5301."""
    expected = (4175.6 - 3364) / (283 * np.sqrt(5))
    assert scores["basal_total_length"] == pytest.approx(expected, abs=1e-3)


def test_basal_dendrites_are_alike_and_the_apical_tuft_is_not(scores):
    assert (scores.filter(like="basal_").abs() < 2).all()
    assert (scores.filter(like="apical_") > 6).all()
    assert len(scores) == 8
