"""From traces to features: known answers, missing values, and independence of the company."""

import logging
import math
from unittest.mock import patch

import efel
import numpy as np
import pyarrow as pa
import pytest
from feature_tables import DT, STEP, features, outcomes, trace, traces

from dendroflow.errors import StoreError
from dendroflow.features import spikes
from dendroflow.features.extract import KEPT, extract, extract_file, schema
from dendroflow.features.names import EFEL_UNITS
from dendroflow.settings.features import NEED_STIMULUS_CURRENT, UNUSABLE
from dendroflow.tables import tables
from dendroflow.tables.schemas import OUTCOMES, TRACES
from dendroflow.tables.tables import write_table

NAMES = ["AP_duration", "AP_amplitude", "AP_begin_time", "spike_count"]
SPIKE = STEP | {"efel": NAMES}


def asked(*blocks):
    return {"": features(*blocks)}


def row(values, block=SPIKE, **changed):
    """Features of one trace."""
    return extract(traces(trace("a", values, **changed)), outcomes("a"), asked(block)).to_pylist()[
        0
    ]


@pytest.mark.parametrize(
    ("celsius", "duration"), [(6.3, 3.625), (10, 2.7), (14, 2.025), (18, 1.6), (20, 1.425)]
)
def test_duration_of_the_squid_spike(squid, celsius, duration):
    found = row(squid(celsius))
    assert found["AP_duration"] == pytest.approx(duration, abs=1e-9)
    assert found["spike_count"] == 1
    assert found["AP_duration.values"] == [found["AP_duration"]]
    assert (found["status"], found["error"], found["runtime_s"]) == ("ok", None, 0.5)


@pytest.mark.parametrize("celsius", [22, 26])
def test_no_spike_is_a_null_and_a_true_zero(squid, celsius):
    found = row(squid(celsius))
    assert found["spike_count"] == 0
    assert found["AP_duration"] is None
    assert found["AP_duration.values"] is None
    assert found["status"] == "ok"


def test_a_value_per_spike_and_their_mean(squid):
    found = row(squid(6.3, 0.1, 50.0), SPIKE | {"stimulus": [5, 55]})
    durations = found["AP_duration.values"]
    assert len(durations) == found["spike_count"] == 5
    assert len(set(durations)) > 1
    assert found["AP_duration"] == pytest.approx(np.mean(durations))
    alone = extract(
        traces(trace("a", squid(6.3, 0.1, 50.0))),
        outcomes("a"),
        asked(SPIKE | {"stimulus": [5, 55], "keep_values": False}),
    )
    assert alone.column_names == [*KEPT, *NAMES]
    assert alone["AP_duration"].to_pylist() == [found["AP_duration"]]


def test_settings_reach_efel(squid):
    v = squid(6.3, 0.1, 50.0)
    assert row(v, SPIKE | {"settings": {"Threshold": 30}})["spike_count"] == 1
    assert row(v, SPIKE | {"settings": {"strict_stiminterval": True}})["spike_count"] == 1
    assert row(v, SPIKE)["spike_count"] == 5
    coarse = row(squid(6.3), SPIKE | {"settings": {"interp_step": 0.1}})["AP_duration"]
    assert coarse * 10 == pytest.approx(round(coarse * 10))
    assert coarse != row(squid(6.3))["AP_duration"]


def test_one_spike_is_a_low_rate_and_a_high_mean_frequency(squid):
    both = {"stimulus": [5, 55], "efel": ["mean_frequency"], "statistics": ["rate"]}
    block = {"signal": "soma_v", "window": [5, 55]} | both
    found = [row(v, block) for v in (squid(22), squid(6.3), squid(6.3, 0.1, 50.0))]
    assert [point["soma_v_rate"] for point in found] == [0, 20, 100]
    assert found[0]["mean_frequency"] is None
    assert found[1]["mean_frequency"] > 200
    high = {"signal": "soma_v", "statistics": ["rate"], "threshold": 30}
    assert row(squid(6.3, 0.1, 50.0), high)["soma_v_rate"] == pytest.approx(1000 / 60)


def test_settings_of_single_features_reach_efel(squid):
    v = squid(6.3, -0.01, 20.0)
    block = {"signal": "soma_v", "stimulus": [5, 25]}
    resistance = row(
        v,
        block
        | {
            "efel": ["ohmic_input_resistance_vb_ssse", "voltage_deflection_vb_ssse"],
            "settings": {"stimulus_current": -0.01},
        },
    )
    assert resistance["ohmic_input_resistance_vb_ssse"] == pytest.approx(
        resistance["voltage_deflection_vb_ssse"] / -0.01
    )
    decay = block | {"efel": ["decay_time_constant_after_stim"]}
    early, late = (row(v, decay | {"settings": {"decay_end_after_stim": end}}) for end in (3, 10))
    assert early["decay_time_constant_after_stim"] != late["decay_time_constant_after_stim"]


def test_a_point_does_not_depend_on_its_neighbours(squid):
    """Other steps, blocks and failures before and after it change nothing, to the last bit."""
    fine = squid(6.3)
    rows = {
        "fine": trace("fine", fine),
        "coarse": trace("coarse", fine[::4], dt=4 * DT),
        "hot": trace("hot", squid(22)),
        "late": trace("late", fine, t0=100.0),
        "nan": trace("nan", [math.nan] * 100),
        "short": trace("short", fine[:3]),
        "varying": trace("varying", fine, dt=None, t=(DT * np.arange(len(fine))).tolist()),
    }
    block = asked(
        SPIKE | {"settings": {"Threshold": 30, "interp_step": 0.05}, "prefix": "high"},
        SPIKE,
        SPIKE | {"settings": {"DerivativeThreshold": 20}, "prefix": "steep"},
    )
    alone = {
        name: extract(traces(trace_), outcomes(name), block).to_pylist()[0]
        for name, trace_ in rows.items()
    }
    for order in (list(rows), list(rows)[::-1], sorted(rows)):
        together = extract(
            traces(*(rows[name] for name in reversed(order))), outcomes(*order), block
        )
        assert together["point_id"].to_pylist() == order
        assert together.to_pylist() == [alone[name] for name in order]
    assert alone["fine"]["AP_duration"] == pytest.approx(3.625)
    assert alone["coarse"]["AP_duration"] * 10 == pytest.approx(
        round(alone["coarse"]["AP_duration"] * 10)
    )


def test_the_settings_that_a_process_gave_efel_neither_count_nor_change(squid, caplog):
    expected = row(squid(6.3))
    efel.set_setting("Threshold", 30.0)
    try:
        bursts = STEP | {"efel": ["burst_number", "Spikecount"], "settings": {"Threshold": 20}}
        with caplog.at_level(logging.WARNING):
            assert row(squid(6.3), bursts)["burst_number"] == 0
            assert row(squid(6.3)) == expected
        assert not caplog.records
        assert efel.get_settings().Threshold == 30
    finally:
        efel.reset()


def test_warnings_of_efel_are_not_the_users(squid, recwarn):
    row(
        squid(22),
        STEP | {"efel": ["AP_duration", "ISI_values", "Spikecount", "irregularity_index"]},
    )
    assert not recwarn.list


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_trace_that_is_not_finite_is_not_a_trace_without_spikes(squid, bad):
    values = list(squid(6.3))
    values[1000] = bad
    statistic = {"signal": "soma_v", "statistics": ["initial"]}
    for block in (SPIKE, statistic):
        found = row(values, block)
        assert found.pop("status") == "nonfinite"
        assert found.pop("error") == "features: soma_v is not finite at 25 ms"
        assert (found.pop("point_id"), found.pop("runtime_s")) == ("a", 0.5)
        assert set(found.values()) == {None}


def test_a_null_among_the_values_is_not_finite():
    assert (
        row([1.0, None, 2.0], {"signal": "soma_v", "statistics": ["mean"]})["status"] == "nonfinite"
    )


def test_points_that_are_not_ok_have_nulls_and_keep_their_place(squid):
    table = extract(
        traces(trace("b", squid(6.3)), trace("d", squid(10)), trace("stray", squid(10))),
        outcomes("a", "b", "d", a="crashed", d="out_of_range"),
        asked(SPIKE),
    )
    assert table["point_id"].to_pylist() == ["a", "b", "d"]
    assert table["status"].to_pylist() == ["crashed", "ok", "out_of_range"]
    assert table["error"].to_pylist() == ["it broke", None, "it broke"]
    assert table["spike_count"].to_pylist() == [None, 1, None]
    assert table["spike_count.values"].to_pylist() == [None, [1], None]


def test_what_efel_raises_fails_the_point_alone(squid, monkeypatch):
    genuine = spikes.get_cpp_feature

    def raises_on_cold(name):
        found = genuine(name)
        if name == "AP_duration" and found[0] > 3:
            raise IndexError("index 0 is out of bounds")
        return found

    monkeypatch.setattr(spikes, "get_cpp_feature", raises_on_cold)
    blocks = asked({"signal": "soma_v", "statistics": ["maximum"]}, SPIKE)
    table = extract(
        traces(trace("a", squid(6.3)), trace("b", squid(10))), outcomes("a", "b"), blocks
    )
    assert table["status"].to_pylist() == ["failed", "ok"]
    assert table["error"].to_pylist() == [
        "features: eFEL's AP_duration: IndexError: index 0 is out of bounds",
        None,
    ]
    assert table["soma_v_maximum"].to_pylist()[0] is None
    assert table["AP_duration"].to_pylist() == [None, pytest.approx(2.7)]


def test_the_core_gives_what_efel_itself_gives(squid):
    """For every feature that this trace has, and with settings that are not the defaults."""
    values, stimulus = squid(6.3, 0.1, 150.0), [5.0, 155.0]
    settings = {"Threshold": -30.0, "interp_step": 0.05, "strict_stiminterval": False}
    names = sorted(set(EFEL_UNITS) - set(UNUSABLE))
    trace_given = {
        "T": (DT * np.arange(len(values))).tolist(),
        "V": values,
        "stim_start": stimulus[:1],
        "stim_end": stimulus[1:],
    }
    compared = 0
    for name in names:
        given = settings | ({"stimulus_current": 0.1} if name in NEED_STIMULUS_CURRENT else {})
        for key, value in given.items():
            efel.set_setting(key, value)
        try:
            (expected,) = efel.get_feature_values([trace_given], [name], raise_warnings=False)
        except Exception:
            continue
        finally:
            efel.reset()
        block = {**STEP, "stimulus": stimulus, "efel": [name], "settings": given}
        found = row(values, block)
        if expected[name] is None or not len(expected[name]):
            assert found[name] is None
        else:
            compared += 1
            mean = float(np.mean(expected[name]))
            assert found[name] == (mean if math.isfinite(mean) else None), name
    assert compared > 60


def test_the_feature_that_efel_cannot_measure_is_named():
    block = STEP | {"efel": ["AP_width", "inactivation_time_constant"]}
    found = row([-65.0] * 400, block | {"stimulus": [5, 5.1]})
    assert found["error"].startswith("features: eFEL's inactivation_time_constant: ValueError")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"values": []}, "soma_v has 0 sample"),
        ({"values": [-65.0]}, "soma_v has 1 sample"),
        ({"values": [-65.0] * 300}, "5 to 10 ms is not within soma_v, which was recorded from 0"),
        ({"values": [-65.0] * 400, "t0": 10.0}, "5 to 10 ms is not within soma_v"),
        ({"values": [-65.0] * 5, "dt": None, "t": [0, 4, 3, 8, 10]}, "go backwards"),
        ({"values": [-65.0] * 5, "dt": None, "t": [0, 5, 10]}, "3 times for 5 values"),
        ({"values": [-65.0] * 5, "dt": None}, "0 times for 5 values"),
        ({"values": [-65.0] * 20, "dt": 2.0}, "a sample every 2 ms, too few for eFEL"),
    ],
)
def test_a_trace_that_cannot_be_measured(changed, said):
    found = row(**({"values": []} | changed))
    assert found["status"] == "failed"
    assert found["error"].startswith("features: ")
    assert said in found["error"]
    assert found["spike_count"] is None


def test_a_trace_of_few_samples_never_reaches_efel():
    found = row([-65.0] * 4, SPIKE | {"stimulus": [0, DT]})
    assert found["status"] == "failed"
    assert "fewer than 5 samples" in found["error"]
    assert row([-65.0] * 5, SPIKE | {"stimulus": [0, DT]})["spike_count"] == 0


def test_varying_steps_even_where_a_time_comes_twice(squid):
    """The same spike, thinned where little happens and with doubled events as CVODE has them."""
    v = np.array(squid(6.3))
    t = DT * np.arange(len(v))
    keep = np.sort(
        np.concatenate([[0], np.flatnonzero((np.arange(len(v)) % 4 == 0) | (t < 20)), [200, 400]])
    )
    block = STEP | {"efel": ["AP_duration", "AP_amplitude", "steady_state_voltage"]}
    found = row(v[keep], block, dt=None, t=t[keep].tolist())
    assert found["status"] == "ok"
    even = row(v, block)
    for name in block["efel"]:
        assert found[name] == pytest.approx(even[name], rel=1e-4)


def test_statistics_with_and_without_a_window():
    t = 0.5 * np.arange(201)
    values = np.sin(t / 10)
    table = extract(
        traces(trace("a", values, signal="ca", unit="mM", dt=0.5)),
        outcomes("a"),
        asked(
            {"signal": "ca", "statistics": ["maximum", "time_of_minimum", "integral"]},
            {"signal": "ca", "statistics": ["minimum", "final"], "window": [40, 50], "prefix": "w"},
        ),
    )
    assert table.column_names[len(KEPT) :] == [
        "ca_maximum", "ca_time_of_minimum", "ca_integral", "w_minimum", "w_final",
    ]  # fmt: skip
    found = table.to_pylist()[0]
    assert found["ca_maximum"] == pytest.approx(1, abs=1e-3)
    assert found["ca_time_of_minimum"] == pytest.approx(15 * math.pi, abs=0.25)
    assert found["ca_integral"] == pytest.approx(10 * (1 - math.cos(10)), rel=1e-3)
    assert found["w_minimum"] == pytest.approx(-1, abs=1e-3)
    assert found["w_final"] == pytest.approx(math.sin(5))


def test_a_statistic_that_does_not_exist_is_null():
    flat = {"signal": "soma_v", "statistics": ["half_decay_time", "mean"]}
    found = row([2.0] * 10, flat)
    assert (found["soma_v_half_decay_time"], found["soma_v_mean"]) == (None, 2)
    huge = {"signal": "soma_v", "statistics": ["peak_to_peak"]}
    assert row([1.7e308, -1.7e308], huge)["soma_v_peak_to_peak"] is None


def test_infinite_values_of_efel_are_null(squid, monkeypatch):
    found = {"AP_width": np.array([1.0, np.inf]), "AP_height": np.array([])}
    monkeypatch.setattr(spikes, "get_cpp_feature", found.get)
    measured = row(squid(6.3), STEP | {"efel": ["AP_width", "AP_height"]})
    assert measured["AP_width"] is None
    assert measured["AP_width.values"] == [1.0, None]
    assert measured["AP_height"] is measured["AP_height.values"] is None


def test_tables_in_many_chunks(squid):
    rows = [trace(str(n), squid(celsius)) for n, celsius in enumerate([6.3, 10, 14, 18])]
    chunks = pa.concat_tables(
        [traces(), traces(*rows[:3]).slice(1), traces(), traces(rows[3], rows[0])]
    )
    assert chunks["values"].num_chunks > 1
    found = extract(chunks, outcomes("0", "1", "2", "3"), asked(SPIKE))
    assert found["AP_duration"].to_pylist() == pytest.approx([3.625, 2.7, 2.025, 1.6])


def test_damaged_tables(squid):
    good = traces(trace("a", squid(6.3)))
    block = asked(SPIKE)
    for table, said in (
        (traces(), "soma_v of point a was not recorded"),
        (traces(trace("a", [1.0] * 9, signal="ca")), "soma_v of point a was not recorded"),
        (pa.concat_tables([good, good]), "at several places"),
    ):
        with pytest.raises(StoreError, match=said):
            extract(table, outcomes("a"), block)
    with pytest.raises(StoreError, match="two outcomes"):
        extract(good, outcomes("a", "a"), block)
    with pytest.raises(StoreError, match="columns"):
        extract(good, outcomes("a").drop_columns(["status"]), block)


def test_schema_is_that_of_the_result(squid):
    block = asked(SPIKE, {"signal": "soma_v", "statistics": ["mean"]})
    found = extract(traces(trace("a", squid(6.3))), outcomes("a"), block)
    assert found.schema == schema(block)
    assert extract(traces(), outcomes(), block).schema == schema(block)
    nothing = extract(traces(), outcomes("a"), asked())
    empty = dict.fromkeys(KEPT)
    assert nothing.to_pylist() == [
        empty | {"point_id": "a", "status": "ok", "error": None, "runtime_s": 0.5}
    ]


def write(folder, groups, ends):
    # Each table is a row group.
    with (
        patch.object(tables, "BYTES_PER_ROW_GROUP", -1),
        tables.writing(folder / "traces.parquet", TRACES) as writer,
    ):
        for group in groups:
            writer.write(group)
    write_table(ends, folder / "outcomes.parquet", OUTCOMES)
    return folder / "traces.parquet", folder / "outcomes.parquet"


def test_files_are_read_one_row_group_at_a_time(squid, tmp_path):
    rows = {
        name: trace(name, squid(celsius))
        for name, celsius in zip("bdef", [6.3, 10, 14, 18], strict=True)
    }
    ends = outcomes(*"abcdefg", a="failed", c="crashed", g="timeout")
    groups = [traces(rows["b"], rows["d"]), traces(), traces(rows["f"], rows["e"])]
    parts = list(extract_file(*write(tmp_path, groups, ends), asked(SPIKE)))
    assert [part["point_id"].to_pylist() for part in parts] == [[*"abcd"], [*"ef"], [*"g"]]
    assert pa.concat_tables(parts) == extract(pa.concat_tables(groups), ends, asked(SPIKE))


def test_files_of_points_of_which_none_succeeded(tmp_path):
    paths = write(tmp_path, [], outcomes("a", a="crashed"))
    (part,) = extract_file(*paths, asked(SPIKE))
    assert part["status"].to_pylist() == ["crashed"]
    (part,) = extract_file(*write(tmp_path, [], outcomes()), asked(SPIKE))
    assert part.schema == schema(asked(SPIKE))


def test_files_that_do_not_belong_together(squid, tmp_path):
    a, b = (traces(trace(name, squid(6.3))) for name in "ab")
    paths = write(tmp_path, [b, a], outcomes("a", "b"))
    with pytest.raises(StoreError, match=r"not in the order|was not recorded"):
        list(extract_file(*paths, asked(SPIKE)))
    paths = write(tmp_path, [a], outcomes("a", "b"))
    with pytest.raises(StoreError, match="point b was not recorded"):
        list(extract_file(*paths, asked(SPIKE)))


def test_what_a_model_says_does_not_exist_is_null_and_no_failure():
    table = traces(trace("a", [], signal="speed"), trace("b", [3.0], signal="speed"))
    found = extract(
        table, outcomes("a", "b"), asked({"signal": "speed", "statistics": ["final"]})
    ).to_pylist()
    assert [row["speed_final"] for row in found] == [None, 3.0]
    assert [row["status"] for row in found] == ["ok", "ok"]
