"""The layer 5 cell on the vector unit: NEURON's samples, and the same bits at each width."""

import subprocess
import sys
from pathlib import Path

import bluepyopt
import numpy as np
import pytest

from dendroflow.mechanisms import compile_mechanisms
from dendroflow.vector import targets_of_machine

CELL = Path(bluepyopt.__file__).parent / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc"
MODEL = Path(__file__).parents[2] / "config" / "models" / "layer5_pyramidal"
TARGETS = [target for target in targets_of_machine() if target.march]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not TARGETS, reason="this processor has no AVX2 and FMA"),
]
# Three cells for 200 ms; a process loads one library.
RUN = """
import sys
from pathlib import Path
import numpy as np
from dendroflow.kernel.lanes import run_together
from dendroflow.kernel.points import Point, SolverSettings
from dendroflow.morphology.importing import import_sections
from dendroflow.runs.loading import load_mechanisms, load_model

library, model, cell, solver, dt, target = sys.argv[1:]
load_mechanisms(Path(library))
record = {
    name: {"at": at, "stimulus": None, "variable": variable, "unit": "of its own"}
    for name, at, variable in (
        ("soma", "soma", "v"),
        ("dendrite", "dend1", "v"),
        ("gate", "soma", "m_nats2"),
        ("sodium", "soma", "ina"),
        ("potassium", "dend1", "ik"),
        ("calcium", "soma", "cai"),
    )
}
settings = SolverSettings(200.0, float(dt), -65.0, 34.0, solver, 1e-3, 0.0, None)
step = {"kind": "step", "at": "soma", "amplitude": 0.7, "delay": 20.0, "duration": 180.0}
points = [
    Point(str(k), {"gbar_nats2_soma": 0.9 + 0.04 * k}, settings, 0, "cell", {"step": step})
    for k in range(3)
]
found = run_together(
    load_model(Path(model)),
    points,
    {"cell": import_sections(Path(cell))},
    {},
    record=record,
    coreneuron="coreneuron" in library,
)
assert all(outcome.status == "ok" for outcome in found.outcomes), found.outcomes
columns = (found.traces[key].to_pylist() for key in ("point_id", "signal", "values"))
np.savez(target, **{f"{point} {signal}": values for point, signal, values in zip(*columns)})
"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """That of NEURON, and those of CoreNEURON for each width of this processor's vectors."""
    folder, made = tmp_path_factory.mktemp("mechanisms"), []
    for target in TARGETS:
        core = folder / target.march / "coreneuron" / "libcorenrnmech.so"
        library = core.with_name("libnrnmech.so")
        compile_mechanisms(MODEL, library, (core, core.with_name("loops.txt")), target=target)
        made.append(library)
    plain = folder / "libnrnmech.so"
    plain.write_bytes(made[0].read_bytes())
    return plain, made


def spike_times(v, dt):
    before = np.flatnonzero((v[:-1] < 0) & (v[1:] >= 0))
    return dt * (before - v[before] / (v[before + 1] - v[before]))


# A cell that fires multiplies what rounding differs by about ten times a spike; here it fires five.
@pytest.mark.parametrize(
    ("solver", "dt", "shift"), [("backward_euler", 0.025, 1e-9), ("crank_nicolson", 0.05, 1e-8)]
)
def test_all_that_is_recorded_is_that_of_neuron_and_of_each_width(
    tmp_path, libraries, solver, dt, shift
):
    plain, vectors = libraries

    def run(library, name):
        target = tmp_path / f"{name}.npz"
        command = [sys.executable, "-c", RUN, str(library), str(MODEL), str(CELL), solver, str(dt)]
        subprocess.run([*command, str(target)], check=True, timeout=300)
        return dict(np.load(target))

    expected = run(plain, "neuron")
    found = [run(library, str(k)) for k, library in enumerate(vectors)]
    for other in found[1:]:
        assert {k: v.tobytes() for k, v in other.items()} == {
            k: v.tobytes() for k, v in found[0].items()
        }
    spikes = 0
    for name, values in expected.items():
        ours = found[0][name][: len(values)]
        scale = 1.0 if name.endswith(("soma", "dendrite")) else np.abs(values).max()
        slope = np.abs(np.gradient(values, dt))
        assert (np.abs(ours - values) < 1e-8 * scale + 2 * shift * slope).all(), name
        if name.endswith("soma"):
            times = spike_times(values, dt)
            spikes += len(times)
            shifts = np.abs(spike_times(ours, dt) - times)
            assert shifts.max() < shift
            assert shifts[:4].max() < 1e-9
    assert spikes >= 6
