"""What an audit draws, and what it takes for a difference."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dendroflow.analysis.audit import difference_of_features, difference_of_traces, sample
from dendroflow.errors import StoreError
from dendroflow.settings.audit import Audit
from dendroflow.tables.audits import AUDITS, audit_rows, check_audits
from dendroflow.tables.schemas import TRACES
from dendroflow.tables.tables import write_table

BATCHES = {"b0": {"provenance": {"date": "then"}}, "b1": {"provenance": {"date": "then"}}}


def traces(values=(1.0, 2.0), **changes):
    row = {"point_id": "p", "signal": "v", "unit": "mV", "t0": 0.0, "dt": 0.1} | changes
    return pa.Table.from_pylist([row | {"values": list(values)}], schema=TRACES)


def points(n, batches=3):
    ids = [f"{k:04d}" for k in range(n)]
    return pd.DataFrame(
        {"point_id": ids, "batch": [f"b{k % batches}" for k in range(n)], "status": "ok"}
    )


@given(st.integers(1, 3000), st.floats(0, 1), st.integers(1, 20))
def test_the_size_of_a_sample(n, share, at_least):
    size = Audit(share=share, at_least=at_least).size(n)
    assert min(n, at_least) <= size <= n
    assert size >= share * n


def test_a_sample_follows_from_its_seed_and_is_in_another_order():
    table = points(600)
    drawn = sample(table, Audit(seed=3))
    ids = [point for batch in drawn.values() for point in batch]
    assert len(ids) == len(set(ids)) == 6
    assert drawn == sample(table.iloc[::-1], Audit(seed=3))
    assert drawn != sample(table, Audit(seed=4))
    of_batch = table.set_index("point_id")["batch"]
    assert all(of_batch[point] == batch for batch, them in drawn.items() for point in them)
    everything = sample(table, Audit(share=1.0))
    assert sum(map(len, everything.values())) == 600
    assert all(them != sorted(them) for them in everything.values())


def test_points_that_took_too_long_are_not_drawn():
    table = points(5)
    table.loc[2, "status"] = "timeout"
    drawn = [point for batch in sample(table, Audit()).values() for point in batch]
    assert sorted(drawn) == ["0000", "0001", "0003", "0004"]


def test_equal_traces():
    odd = (np.nan, -0.0, np.inf, 5e-324)
    assert difference_of_traces(traces(odd), traces(odd)) is None
    assert difference_of_traces(TRACES.empty_table(), TRACES.empty_table()) is None


@pytest.mark.parametrize(
    ("stored", "said"),
    [
        (traces((1.0, np.nextafter(2.0, 3.0))), "v: values: sample 1 of 2: 2.0000000000000004 is"),
        (traces((-1.0, 3.0)), "sample 0 of 2: -1.0 is stored, 1.0 now; 2 differ"),
        (traces((1.0,)), "v: values: 1 samples are stored, 2 come out now"),
        (traces(dt=0.2), "v: dt: 0.2 is stored, 0.1 now"),
        (traces(unit="mM"), "v: unit: 'mM' is stored, 'mV' now"),
        (traces(t=[0.0, 0.1]), "v: t: one is null and the other is not"),
        (TRACES.empty_table(), "0 traces are stored, 1 come out now"),
    ],
)
def test_different_traces(stored, said):
    assert said in difference_of_traces(stored, traces())


def test_the_sign_of_zero_and_the_place_are_told():
    one, other = traces((0.0,), location="dend[3](0.5)"), traces((-0.0,), location="dend[3](0.5)")
    assert difference_of_traces(one, other).startswith("v at dend[3](0.5): values: sample 0 of 1")


def test_features():
    row = {"point_id": "p", "status": "ok", "error": None, "runtime_s": 1.0}
    now = row | {"AP_amplitude": 0.1 + 0.2, "spikes": None, "times.values": [1.0, 2.0]}
    assert difference_of_features(now | {"runtime_s": 2.0}, now) is None
    assert difference_of_features(now | {"AP_amplitude": 0.3}, now) == (
        "AP_amplitude: 0.3 is stored, 0.30000000000000004 now"
    )
    assert "spikes: 0.0 is stored, None now" in difference_of_features(now | {"spikes": 0.0}, now)
    assert "times.values" in difference_of_features(now | {"times.values": [1.0]}, now)
    # In the table of the experiment there is no row for a list without values.
    without = {key: value for key, value in now.items() if key != "times.values"}
    assert difference_of_features(without, now | {"times.values": []}) is None


@pytest.fixture
def stored(tmp_path):
    rows = [
        {"point_id": f"000{k}", "batch": f"b{k}", "compared": "features", "verdict": verdict}
        for k, verdict in enumerate(("same", "differs"))
    ]
    rows[1]["difference"] = "spikes: 1.0 is stored, 2.0 now"
    notes = {
        "feature_code": "f",
        "seed": 1,
        "points": 9,
        "batches": {"b0": "then", "b1": "then"},
        "provenance": {"date": "now"},
    }
    write_table(pa.Table.from_pylist(rows, schema=AUDITS), tmp_path / "a.parquet", AUDITS, notes)
    return tmp_path / "a.parquet"


def test_what_is_no_longer_so_is_not_told(stored):
    def told(held, feature_code="f", batches=BATCHES):
        rows = audit_rows(stored, pa.Table.from_pandas(held), feature_code, batches)
        return [(row["point_id"], row["verdict"]) for row in rows]

    held = points(2)[["point_id", "batch"]]
    assert told(held) == [("0000", "same"), ("0001", "differs")]
    assert told(held[:1]) == [("0000", "same")]
    assert told(held, "other") == []
    again = BATCHES | {"b1": {"provenance": {"date": "later"}}}
    assert told(held, batches=again) == [("0000", "same")]
    assert told(held.assign(batch="b7")) == []


def test_a_difference_is_an_error_that_names_it(stored):
    with pytest.raises(StoreError) as raised:
        check_audits({"spikes": stored})
    said = str(raised.value)
    assert said.startswith("spikes: 1 of 2 audited points differ: point 0001 of batch b1: spikes:")
    assert "\n" not in said
