"""Models that use rxd, each point in a forked process, so that none is left in this one."""

import math

import pyarrow as pa
import pytest
from engine_models import point, settings

from dendroflow.model import Model, quantity, swept
from dendroflow.runs.pool import run_points
from dendroflow.runs.proof import run_all
from dendroflow.runs.workload import Workload


class Drained(Model):
    """A substance that is taken away at a constant rate, whether there is any or not."""

    class Parameters(Model.Parameters):
        rate: float = quantity(0.1, "mM/ms")

    signals = {"substance": "mM"}
    process = "alone"

    def build(self, p):
        from neuron import h, rxd

        self.soma = h.Section("soma", self)
        self.region = rxd.Region([self.soma])
        self.substance = rxd.Species(self.region, name="substance", initial=1)
        self.drain = rxd.Rate(self.substance, -p.rate)
        self.record("substance", self.substance.nodes[0]._ref_concentration)


class Shared(Drained):
    """The same, in a process that it shares."""

    process = "shared"


class Voxels(Model):
    """The volume of a cylinder, in one dimension or three."""

    class Parameters(Model.Parameters):
        dimension: int = quantity(1)

    signals = {"volume": "µm³"}
    process = "alone"

    def build(self, p):
        from neuron import h, rxd

        if p.dimension == 3:
            rxd.set_solve_type(dimension=3)
        self.dend = h.Section("dend", self)
        self.dend.L, self.dend.diam = 3, 2
        self.region = rxd.Region([self.dend], dx=0.5)
        self.substance = rxd.Species(self.region, name="substance", d=1, initial=1)
        self.record_value("volume", lambda: sum(self.substance.nodes.volume))


def outcomes(model, points):
    workload = Workload(model, {}, {"mM": (-1e-9, 1000.0)})
    results = run_points(workload, points, workers=1, timeout_s=120)
    return [outcome for result in results for outcome in result.outcomes]


def test_a_reaction_that_makes_a_concentration_negative_is_a_row_that_says_so():
    points = [point(rate, settings(dt=0.1), rate=rate) for rate in (0.04, 0.1)]
    sound, negative = outcomes(Drained, points)
    assert sound.status == "ok", sound.error
    assert negative.status == "out_of_range"
    # 1 mM at 0.1 mM/ms for 20 ms, from t = 0 to the last step.
    assert negative.error.startswith("signal substance reaches -1 mM, outside the plausible")


def test_an_rxd_model_that_would_share_its_process_gets_one_for_each_point(tmp_path, monkeypatch):
    # rxd compiles where it is, and leaves files there if its process ends before.
    monkeypatch.chdir(tmp_path)
    points = [point(i, rate=0.01 * i) for i in range(5)]
    verdict, results = run_all(Workload(Shared, {}, {}), points, workers=1, timeout_s=120)
    assert verdict.process == "alone"
    assert verdict.why == "build uses rxd; in build_rxd, for all cells, it would be fast"
    assert {outcome.status for result in results for outcome in result.outcomes} == {"ok"}


def test_three_dimensions_of_one_point_are_not_those_of_the_next():
    points = [point(i, settings(duration=1.0), dimension=d) for i, d in enumerate((1, 3, 1, 3, 1))]
    results = run_points(Workload(Voxels, {}, {}), points, workers=1, timeout_s=120)
    volumes = [result.traces["values"][0].as_py()[0] for result in results]
    cylinder = 3 * math.pi
    assert volumes[::2] == pytest.approx([cylinder] * 3, rel=1e-9)
    # Voxels miss it by a few per mille or more.
    assert volumes[1] == volumes[3]
    assert abs(volumes[1] / cylinder - 1) > 1e-3


class Spreading(Model):
    """A substance that starts at one end of a dendrite, spreads, decays, and binds itself."""

    class Parameters(Model.Parameters):
        start: float = quantity(1.0, "mM")
        decay: float = quantity(0.01, "1/ms")
        binding: float = quantity(0.1, "1/(mM·ms)")

    signals = {"near": "mM", "far": "mM", "bound": "mM"}

    def build(self, p):
        from neuron import h

        self.dend = h.Section("dend", self)
        self.dend.L, self.dend.diam, self.dend.nseg = 20, 1, 11

    @classmethod
    def build_rxd(cls, cells):
        from neuron import rxd

        if any(cell.p.start == 13 for cell in cells):
            raise ValueError("no substance starts from 13 mM")
        region = rxd.Region([cell.dend for cell in cells])
        begins = swept("start")
        free = rxd.Species(
            region, d=1, name="free", initial=lambda node: begins(node) if node.x < 0.3 else 0
        )
        bound = rxd.Species(region, name="bound", initial=0)
        decay = rxd.Parameter(region, name="decay", value=swept("decay"))
        binding = rxd.Parameter(region, name="binding", value=swept("binding"))
        loss = rxd.Rate(free, -decay * free)
        pairing = rxd.Reaction(2 * free, bound, binding * free**2, custom_dynamics=True)
        for cell in cells:
            for signal, species, x in (
                ("near", free, 0.1),
                ("far", free, 0.9),
                ("bound", bound, 0.5),
            ):
                cell.record(signal, species.nodes(cell.dend(x))[0]._ref_concentration)
        return region, free, bound, decay, binding, loss, pairing


class SpreadingAlone(Spreading):
    """The same, one cell at a time."""

    process = "alone"


class Forgetful(Spreading):
    """Lets go of its substances."""

    @classmethod
    def build_rxd(cls, cells):
        super().build_rxd(cells)


def test_reactions_that_nothing_keeps_are_refused():
    outcomes, _, _ = spread(Forgetful, STARTS[:2])
    for outcome in outcomes.values():
        assert outcome.status == "failed"
        assert "build_rxd returns nothing: return all that it creates" in outcome.error


# One is not plausible and one is refused, among sound ones.
STARTS = [1.0, 1.1, 200.0, 0.9, 13.0, 1.2, 0.8, 1.4]


def spread(model, starts):
    points = [point(start, settings(dt=0.1), start=start, decay=start / 100) for start in starts]
    workload = Workload(model, {}, {"mM": (-1e-9, 100.0)})
    results = list(run_points(workload, points, workers=2, timeout_s=120))
    statuses = {outcome.point_id: outcome for result in results for outcome in result.outcomes}
    samples = {}
    for result in results:
        if result.traces:
            for row in pa.table(result.traces).select(["point_id", "signal", "values"]).to_pylist():
                samples[row["point_id"], row["signal"]] = row["values"]
    return statuses, samples, [len(result.outcomes) for result in results]


def test_cells_of_one_region_get_the_bits_that_each_gets_alone():
    together, samples, groups = spread(Spreading, STARTS)
    alone, expected, _ = spread(SpreadingAlone, STARTS)
    assert max(groups) > 1
    assert {name: outcome.status for name, outcome in together.items()} == {
        name: outcome.status for name, outcome in alone.items()
    }
    assert together["200.0"].status == "out_of_range"
    assert together["13.0"].status == "failed"
    assert together["13.0"].error == "ValueError: no substance starts from 13 mM"
    sound = [name for name, outcome in alone.items() if outcome.status == "ok"]
    assert len(sound) == len(STARTS) - 2
    for name in sound:
        for signal in Spreading.signals:
            assert samples[name, signal] == expected[name, signal]
            assert len(set(samples[name, signal])) > 2
