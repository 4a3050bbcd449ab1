"""Models that use rxd, each point in a forked process, so that none is left in this one."""

import math

import pytest
from engine_models import clock, point

from dendroflow.engine.pool import Workload, run_points
from dendroflow.model import Model, quantity


class Drained(Model):
    """A substance that is taken away at a constant rate, whether there is any or not."""

    class Parameters(Model.Parameters):
        rate: float = quantity(0.1, "mM/ms")

    signals = {"substance": "mM"}
    isolated = True

    def build(self, p):
        from neuron import h, rxd

        self.soma = h.Section("soma", self)
        self.region = rxd.Region([self.soma])
        self.substance = rxd.Species(self.region, name="substance", initial=1)
        self.drain = rxd.Rate(self.substance, -p.rate)
        self.record("substance", self.substance.nodes[0]._ref_concentration)


class Shared(Drained):
    """The same, in a process that it shares."""

    isolated = False


class Voxels(Model):
    """The volume of a cylinder, in one dimension or three."""

    class Parameters(Model.Parameters):
        dimension: int = quantity(1)

    signals = {"volume": "µm³"}
    isolated = True

    def build(self, p):
        from neuron import h, rxd

        if p.dimension == 3:
            rxd.set_solve_type(dimension=3)
        self.dend = h.Section("dend", self)
        self.dend.L, self.dend.diam = 3, 2
        self.region = rxd.Region([self.dend], dx=0.5)
        self.substance = rxd.Species(self.region, name="substance", d=1, initial=1)
        self.measure("volume", lambda: sum(self.substance.nodes.volume))


def outcomes(model, points):
    workload = Workload(model, {}, {"mM": (-1e-9, 1000.0)})
    results = run_points(workload, points, workers=1, timeout_s=120)
    return [outcome for result in results for outcome in result.outcomes]


def test_a_reaction_that_makes_a_concentration_negative_is_a_row_that_says_so():
    points = [point(rate, clock(dt=0.1), rate=rate) for rate in (0.04, 0.1)]
    sound, negative = outcomes(Drained, points)
    assert sound.status == "ok", sound.error
    assert negative.status == "out_of_range"
    # 1 mM at 0.1 mM/ms for 20 ms, from t = 0 to the last step.
    assert negative.error.startswith("signal substance reaches -1 mM, outside the plausible")


def test_an_rxd_model_that_shares_its_process_fails_with_the_way_out():
    found = outcomes(Shared, [point(i, rate=0.01) for i in range(3)])
    assert [outcome.status for outcome in found] == ["failed"] * 3
    for outcome in found:
        assert "model Shared uses rxd" in outcome.error
        assert "`isolated = True`" in outcome.error


def test_three_dimensions_of_one_point_are_not_those_of_the_next():
    points = [point(i, clock(duration=1.0), dimension=d) for i, d in enumerate((1, 3, 1, 3, 1))]
    results = run_points(Workload(Voxels, {}, {}), points, workers=1, timeout_s=120)
    volumes = [result.traces["values"][0].as_py()[0] for result in results]
    cylinder = 3 * math.pi
    assert volumes[::2] == pytest.approx([cylinder] * 3, rel=1e-9)
    # Voxels miss it by a few per mille or more.
    assert volumes[1] == volumes[3]
    assert abs(volumes[1] / cylinder - 1) > 1e-3
