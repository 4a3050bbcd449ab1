"""A spike in an excitable cell: what is drawn of it is what the equations say."""

from pathlib import Path

import bluepyopt
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from dendroflow.figures import FigureData, Label, render
from dendroflow.model import Signal
from dendroflow.morphology.importing import import_sections

CELL = Path(bluepyopt.__file__).parent / "tests/test_ephys/testdata/acc/l5pc/C060114A7.asc"


@pytest.fixture(scope="module")
def spike(experiment, load_mechanisms_of):
    found = experiment("travelling_spike")
    load_mechanisms_of(found.configuration.model_folder("travelling_spike"))
    found.points = [p for p in found.points if p.parameters["dendritic_share"] != 0.5]
    table, traces = found.run({"C060114A7": import_sections(CELL)})
    table = table[table["status"] == "ok"]
    return found, table.set_index("dendritic_share"), traces


def along(spike, share, signal):
    """Values of a signal by segment."""
    _, table, traces = spike
    point_id = table.loc[share, "point_id"]
    rows = traces.filter(
        [
            (i, s) == (point_id, signal)
            for i, s in zip(
                traces["point_id"].to_pylist(), traces["signal"].to_pylist(), strict=True
            )
        ]
    )
    return dict(
        zip(rows["location"].to_pylist(), np.array(rows["values"].to_pylist()), strict=True)
    )


def test_the_spike_reaches_the_tips_only_where_dendrites_are_excitable(spike):
    _, table, _ = spike
    assert table["spike_count"].to_dict() == {0.0: 1, 1.0: 1}
    assert table.loc[0.0, "tip_v_maximum"] < -50
    assert table.loc[1.0, "tip_v_maximum"] > 20
    delay = table["tip_v_time_of_maximum"] - table["soma_v_time_of_maximum"]
    assert 1 < delay[1.0] < 6


@pytest.mark.parametrize("place", ["soma[0](0.5)", "apic[40](0.5)"])
def test_the_gate_that_is_drawn_obeys_hodgkin_and_huxley(spike, place):
    v, m = along(spike, 1.0, "v"), along(spike, 1.0, "m")
    place = place if place in v else next(k for k in sorted(v) if k.startswith(place[:8]))
    times = 0.1 * np.arange(len(v[place]))

    def slope(t, m):
        u = np.interp(t, times, v[place]) + 40
        alpha = 1.0 if abs(u) < 1e-6 else 0.1 * u / (1 - np.exp(-u / 10))
        beta = 4 * np.exp(-(u + 25) / 18)
        return alpha * (1 - m) - beta * m

    solved = solve_ivp(
        slope, (0, times[-1]), [m[place][0]], t_eval=times, rtol=1e-8, atol=1e-10, max_step=0.1
    )
    assert m[place].max() > 0.8
    assert solved.y[0] == pytest.approx(m[place], abs=0.03)


def test_calcium_leaves_the_shell_with_its_time_constant(spike):
    cai = along(spike, 1.0, "cai")["soma[0](0.5)"] - 5e-5
    assert cai.max() > 1e-3
    late = cai[150:190]  # 15 to 19 ms, when the channels are shut
    tau = -0.1 / np.diff(np.log(late))
    assert tau == pytest.approx(np.full(39, 20.0), rel=0.03)


@pytest.mark.parametrize(("signal", "low", "high"), [("m", 0, 1), ("ina", -10, 1e-9)])
def test_other_range_variables_are_recorded_in_every_segment(spike, signal, low, high):
    values = along(spike, 1.0, signal)
    assert values.keys() == along(spike, 1.0, "v").keys()
    everything = np.array(list(values.values()))
    assert low <= everything.min() < everything.max() <= high
    # The spike passes all segments, each in its own time.
    peaks = 0.1 * np.abs(everything).argmax(axis=1)
    assert np.ptp(peaks) > 3


@pytest.mark.parametrize("name", ["spike", "calcium", "sodium-activation", "sodium-current"])
def test_pages_of_the_pyramidal_cell_are_below_3_mb(spike, tmp_path, name):
    found, table, traces = spike
    labels = {
        k: Label(Signal(*s).description, Signal(*s).unit) for k, s in found.model.signals.items()
    }
    labels["dendritic_share"] = Label("share", "")
    points = table.reset_index()[["point_id", "dendritic_share", "status"]].assign(error=None)

    def read(point_ids, signals):
        ids, names = traces["point_id"].to_pylist(), traces["signal"].to_pylist()
        return traces.filter(
            [i in point_ids and s in signals for i, s in zip(ids, names, strict=True)]
        )

    data = FigureData("travelling_spike", "A spike", points, labels, read, ("dendritic_share",))
    (declared,) = [f for f in found.settings.figures if f.name == name]
    render(declared, data, tmp_path)
    page = tmp_path / f"{name}.html"
    assert page.stat().st_size < 3_000_000
