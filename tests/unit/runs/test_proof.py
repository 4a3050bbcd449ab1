"""What is proved, when a proof is taken from elsewhere, and what is kept of it."""

import pytest
from engine_models import Fragile, point, settings, voltages

from dendroflow.model import Model, quantity
from dendroflow.runs import proof
from dendroflow.runs.pool import run_points
from dendroflow.runs.proof import run_all, run_proved
from dendroflow.runs.workload import Workload
from dendroflow.tables.sharing import Verdict, worst

LIMITS = {"workers": 2, "timeout_s": 60}


class Plain(Model):
    """A cell that minds its own business."""

    class Parameters(Model.Parameters):
        number: int = quantity(0)

    signals = {"v": "mV"}

    def build(self, p):
        from neuron import h

        self.soma = h.Section("soma", self)
        self.record("v", self.soma(0.5)._ref_v)


def points(number, **changed):
    return [point(i, settings(duration=2.0, **changed), number=i) for i in range(number)]


def sizes(results):
    """How many points each group had."""
    return [len(result.outcomes) for result in results]


def test_three_points_are_alone_and_four_are_proved():
    verdict, results = run_all(Workload(Plain, {}, {}), points(3), **LIMITS)
    assert (verdict.process, verdict.seconds) == ("alone", 0.0)
    assert sizes(results) == [1, 1, 1]
    verdict, results = run_all(Workload(Plain, {}, {}), points(20), **LIMITS)
    assert (verdict.process, verdict.why) == ("shared", "")
    assert verdict.seconds > 0
    assert verdict.samples == 81
    assert max(sizes(results)) > 3


def test_points_that_share_no_settings_are_alone():
    each = [point(i, settings(duration=2.0, celsius=6.0 + i), number=i) for i in range(5)]
    verdict, results = run_all(Workload(Plain, {}, {}), each, **LIMITS)
    assert (verdict.process, verdict.seconds) == ("alone", 0.0)
    assert sizes(results) == [1] * 5


@pytest.mark.parametrize(
    ("seconds", "number", "dear"),
    [
        # A soma: a tenth of a second is nothing beside the start of a job.
        (0.005, 4, False),
        (0.005, 100_000, False),
        # A detailed cell: six more of 100 are too much, of 1000 they are not.
        (1.0, 100, True),
        (1.0, 1000, False),
    ],
)
def test_a_proof_is_dear_where_it_takes_much_of_a_batch(seconds, number, dear):
    assert proof._is_dear(seconds, number) == dear


def test_what_was_found_before_counts_where_a_proof_is_dear():
    workload = Workload(Plain, {}, {})
    known = Verdict("shared", seconds=10.0)
    verdict, results = run_proved(workload, points(10), known=known, **LIMITS)
    assert verdict is known
    assert max(sizes(results)) > 1
    # Not where it is cheap, and a bad verdict always.
    verdict, _ = run_all(workload, points(10), known=Verdict("close", "x", 1e-3), **LIMITS)
    assert verdict.process == "shared"
    bad = Verdict("alone", "x", 1e-3)
    verdict, results = run_all(workload, points(10), known=bad, **LIMITS)
    assert verdict is bad
    assert sizes(results) == [1] * 10


def test_witnesses_are_the_extremes_the_middle_and_others_in_between():
    block = [point(i, number=n) for i, n in enumerate((5, 3, 9, 1, 7, 2, 8, 4, 6))]
    order = proof._in_order(block)
    assert [p.parameters["number"] for p in order] == list(range(1, 10))
    first = [order[-1], order[0], order[4]]
    assert proof._spread(first, order, 3) == first
    spread = proof._spread(first, order, 5)
    assert [p.parameters["number"] for p in spread] == [9, 1, 5, 3, 7]
    assert len(proof._spread(first, order, 100)) == 9


def test_as_many_witnesses_as_a_small_share_of_the_work_allows():
    assert proof._affordable(0.005, 10, lanes=512) == 12
    assert proof._affordable(0.005, 100_000, lanes=512) == 50
    assert proof._affordable(1.0, 100) == 0


def test_a_group_that_fails_and_none_of_its_points():
    class Lonely(Fragile):
        def build(self, p):
            from neuron import h

            super().build(p)
            # Complains of company as soon as all begin.
            self.handler = h.FInitializeHandler(lambda: 1 / (len(list(h.allsec())) == 1))

    each = [point(i, amplitude=0.01 * i) for i in range(12)]
    workload = Workload(Lonely, {}, {})
    verdict, results = run_all(workload, each, **LIMITS)
    assert verdict.process == "alone"
    assert "ZeroDivisionError" in verdict.why
    assert {outcome.status for result in results for outcome in result.outcomes} == {"ok"}
    alone = run_points(workload, each, alone=True, **LIMITS)
    assert voltages(results) == voltages(alone)


def test_what_comes_late_is_found_too():
    class Late(Fragile):
        def build(self, p):
            from neuron import h

            super().build(p)
            # Neither the extremes nor the middle.
            if 0.02 < p.amplitude < 0.03:
                h.ki0_k_ion = 100 * p.amplitude

    each = [point(i, amplitude=0.01 + 0.001 * i) for i in range(40)]
    verdict, results = run_all(Workload(Late, {}, {}), each, **LIMITS)
    assert verdict.process == "alone"
    assert "ki0_k_ion" in verdict.why
    assert sizes(results) == [1] * 40


def test_the_worst_is_kept(tmp_path):
    kept = tmp_path / "sharing.json"
    Verdict("alone", "few").keep(kept)
    assert Verdict.read(kept) is None
    for verdict in (Verdict("shared", "", 1.0), Verdict("alone", "a list", 1.0)):
        verdict.keep(kept)
        assert Verdict.read(kept) == verdict
    Verdict("close", "", 1.0).keep(kept)
    assert Verdict.read(kept).why == "a list"
    kept.write_text("{")
    assert Verdict.read(kept) is None
    assert worst([Verdict("shared"), Verdict("close")]).process == "close"
