"""A share of the fuzzing campaign that fits into the suite, and random text by hypothesis."""

import shutil
from pathlib import Path

import pytest
from fuzz.campaign import compared, fuzz
from fuzz.readers import TARGETS, l5pc, try_out
from hypothesis import given, settings
from hypothesis import strategies as st

SHARE = {"SWC": 300, "mend": 200, "Neurolucida": 150, "configuration": 100, "design": 500}
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
WORDS = st.sampled_from(
    ["parameters.a", "simulation.dt", "grid", "zip", "list", "linspace", "arange", "sobol", "axes"]
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=3)
)


@pytest.mark.parametrize("name", SHARE)
def test_damaged_input_is_refused_or_what_it_says(tmp_path, name):
    counts, _ = fuzz(name, SHARE[name], 7, tmp_path)
    assert counts.keys() == {"refused", "accepted"}
    assert min(counts.values()) > SHARE[name] // 20


@pytest.mark.parametrize("name", ["SWC", "Neurolucida"])
def test_accepted_cells_are_those_of_other_readers(tmp_path, name):
    _, accepted = fuzz(name, 40, 11, tmp_path, sample=12)
    counts, told = compared(accepted)
    assert counts["neuron same"] >= len(accepted) // 2
    assert not [line for line in told if "differs" in line or "crash" in line], told


def test_the_whole_real_file_cut_anywhere(tmp_path):
    data = l5pc()
    for part in (3, 5, 9):
        assert try_out(TARGETS["Neurolucida"], data[: len(data) * part // 10], tmp_path) is None


@settings(max_examples=150)
@given(TREES)
def test_any_tree_of_values_is_a_design_or_a_refusal(content):
    try_out(TARGETS["design"], content, Path())


@settings(max_examples=60)
@given(kind=st.sampled_from(["experiments", "config", "morphologies"]), text=st.text(max_size=60))
def test_any_text_is_a_configuration_or_a_refusal(tmp_path_factory, kind, text):
    folder = tmp_path_factory.mktemp("any")
    data = text.encode("utf-8", "surrogatepass")
    try_out(TARGETS["configuration"], (kind, data), folder)
    shutil.rmtree(folder)
