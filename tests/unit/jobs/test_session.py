"""`dendroflow.simulate` and `dendroflow.run`: what jobs do, for notebooks."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import dendroflow
from dendroflow.errors import ConfigurationError, StoreError

CONFIG = Path(__file__).parents[3] / "config"
EXPERIMENT = CONFIG / "experiments" / "hh_temperature.yaml"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Where models are kept between the calls."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def table(results):
    return dendroflow.run(EXPERIMENT, cores=2, results=results)


@pytest.fixture
def project(tmp_path):
    """A configuration that a test may edit."""
    (tmp_path / "config" / "experiments").mkdir(parents=True)
    shutil.copytree(CONFIG / "models/squid_soma", tmp_path / "config/models/squid_soma")
    shutil.copy(EXPERIMENT, tmp_path / "config/experiments")
    return tmp_path / "config/experiments/hh_temperature.yaml"


def test_a_run_is_a_table_of_points_with_what_is_swept_and_measured(table, results):
    assert list(table)[:3] == ["point_id", "celsius", "gnabar"]
    assert {"AP_amplitude", "spike_count", "status", "error"} <= set(table)
    assert (table["status"] == "ok").all()
    assert not table[["celsius", "gnabar"]].duplicated().any()
    # Nothing is stored but what the next call can use.
    assert {path.name for path in results.iterdir()} <= {"models", "scratch"}


def test_a_point_alone_is_that_of_the_run_to_the_last_bit(table, results):
    row = table[table["spike_count"] == 1].iloc[-1]
    values = {"simulation.celsius": row["celsius"], "parameters.gnabar": row["gnabar"]}
    one = dendroflow.simulate(EXPERIMENT, values, results=results)
    assert (one.point_id, one.status, one.error) == (row["point_id"], "ok", None)
    for name, value in one.features.items():
        if name in table:
            assert value == row[name] or (value is None and pd.isna(row[name])), name
    times, potential = one.trace("soma_v")
    assert len(times) == len(potential) == 1 + round(times[-1] / (times[1] - times[0]))
    assert np.ptp(potential) > 50
    with pytest.raises(KeyError, match="dend_v"):
        one.trace("dend_v")


def test_without_a_point_it_is_the_experiments_own(results):
    one = dendroflow.simulate(EXPERIMENT, results=results)
    same = dendroflow.simulate(EXPERIMENT, {"simulation.seed": 1}, results=results)
    assert one.point_id == same.point_id
    assert one.features == same.features


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ({"parameters.gnabr": 0.1}, "gnabr.*did you mean 'gnabar'"),
        ({"simulation.celsius": "warm"}, "celsius"),
        ({"parameters.gnabar": -1}, "gnabar: -1.* at least 0"),
    ],
)
def test_a_point_that_cannot_be_simulated_is_refused_in_one_line(results, point, said):
    with pytest.raises(ConfigurationError, match=f"hh_temperature.yaml: .*{said}") as refused:
        dendroflow.simulate(EXPERIMENT, point, results=results)
    assert "\n" not in str(refused.value)


def test_an_optimisation_is_refused(results):
    with pytest.raises(ConfigurationError, match=r"squid_fit\.yaml: optimises; use the command"):
        dendroflow.run(CONFIG / "experiments/squid_fit.yaml", results=results)


def test_an_edited_model_is_another_model_and_an_edited_copy_none(project, tmp_path):
    def potential():
        return dendroflow.simulate(project, results=tmp_path / "results").trace("soma_v")[1]

    before, model = potential(), tmp_path / "config/models/squid_soma/model.py"
    model.write_text(model.read_text().replace("p.gnabar, p.gkbar", "0.0, p.gkbar"))
    assert np.ptp(potential()) < np.ptp(before) / 2
    for copy in (tmp_path / "results/models").glob("*/model.py"):
        copy.write_text(copy.read_text() + "\n")
    with pytest.raises(StoreError, match="is not as it was copied; delete it"):
        potential()


def test_a_point_that_fails_names_the_users_own_folder(project, tmp_path):
    model = tmp_path / "config/models/squid_soma/model.py"
    build = "def build(self, p):\n"
    model.write_text(model.read_text().replace(build, f"{build}        open(__file__ + '.csv')\n"))
    one = dendroflow.simulate(project, results=tmp_path / "results")
    assert one.status == "failed"
    assert one.error.endswith(f"'{model}.csv'")
    assert one.traces.num_rows == 0
