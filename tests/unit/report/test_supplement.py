"""Tables and texts for a paper: exact values, markup that is escaped, references that are used."""

import re

import pytest

from dendroflow.report.contents import Contents, Part, Row, Setting
from dendroflow.report.references import BLUEPYOPT, CORENEURON, EFEL, NEURON, SNAKEMAKE
from dendroflow.report.supplement import COLUMNS, as_latex, methods, parameters

SETTINGS = [
    Setting("parameters.g_na", "0.12", "S/cm²", "100 % & more"),
    Setting("simulation.dt", "0.025", "ms", "time step"),
    Setting("simulation.solver", "backward_euler", "", "solver"),
]
PART = Part(
    name="steps",
    title="Steps",
    description="",
    points=10,
    failed=2,
    reasons=[],
    engine="coreneuron",
    rows=[
        Row("amplitude", "amplitude", "swept", "nA", "0 to 1, 10 values", 0),
        Row("spike count", "spike_count", "feature", "", "0 to 3, mean 2", 2),
    ],
    settings=SETTINGS,
    figures=[],
)


def test_the_table_has_what_was_set_and_not_what_was_measured():
    table = parameters([PART])
    assert tuple(table.columns) == COLUMNS
    assert table["name"].tolist() == ["amplitude", *(one.path for one in SETTINGS)]
    assert table["value or range"].tolist()[:2] == ["0 to 1, 10 values", "0.12"]


def test_latex_takes_no_text_for_markup():
    said = as_latex(parameters([PART]))
    assert r"100 \% \& more" in said
    assert r"parameters.g\_na" in said


def test_methods_say_with_what_and_what_failed():
    versions = {"neuron": "9.0.2", "dendroflow": "1", "snakemake": "9", "python": "3"}
    said = methods(Contents([PART], versions, []))
    assert "NEURON 9.0.2 and its engine CoreNEURON" in said
    assert "backward euler with time steps of 0.025 ms" in said
    assert "10 points were simulated, of which 2 failed" in said


@pytest.mark.parametrize("one", [*NEURON, CORENEURON, SNAKEMAKE, EFEL, BLUEPYOPT])
def test_references_are_bibtex(one):
    assert re.fullmatch(r"@\w+\{\w+,\n(  \w+ = \{.*\},\n){5}\}\n", one.bibtex)
    assert one.doi in one.text
    assert "et al." not in one.bibtex
