"""Which points are requested, which are cached, and how the rest is cut into batches."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from dendroflow import layout
from dendroflow.errors import ConfigurationError
from dendroflow.morphology.files import data_sha256
from dendroflow.plan.planning import batch_names, make_plan
from dendroflow.plan.stored import Plan
from dendroflow.settings.project import load
from dendroflow.tables.schemas import OUTCOMES
from dendroflow.tables.tables import write_table

MODELS = Path(__file__).parents[3] / "config" / "models"

EXPERIMENT = {
    "title": "Squid",
    "model": "squid_soma",
    "simulation": {"duration": 20},
    "sweep": {"parameters.gnabar": [0.1, 0.12], "simulation.celsius": [6.3, 10, 20]},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Where descriptions of models are kept between the tests."""
    return tmp_path_factory.mktemp("results")


class Project:
    """A configuration whose plan is made again and again."""

    def __init__(self, folder, results):
        self.folder, self.results = folder, results
        shutil.copytree(MODELS / "squid_soma", folder / "models" / "squid_soma")
        (folder / "experiments").mkdir()

    def plan(self, cores=2, keep=True, **changed):
        path = self.folder / "experiments" / "squid.yaml"
        path.write_text(yaml.safe_dump(EXPERIMENT | changed), encoding="utf-8")
        configuration = load({"experiments": ["squid"]}, self.folder / "config.yaml")
        return make_plan(configuration, "squid", self.results, cores, keep=keep)

    def simulate(self, plan, status="ok", runtime_s=0.01):
        for batch in plan.new:
            rows = [
                {"point_id": p, "status": status, "runtime_s": runtime_s}
                for p in plan.of_batch(batch)["point_id"].to_pylist()
            ]
            code = {"simulation_code": plan.simulation_code, "batch": batch}
            path = layout.OUTCOMES.below(self.results, experiment="squid", **code)
            write_table(pa.Table.from_pylist(rows, schema=OUTCOMES), path, OUTCOMES)
            traces = layout.TRACES.below(self.results, experiment="squid", **code)
            traces.parent.mkdir(exist_ok=True)
            traces.touch()


@pytest.fixture
def project(tmp_path, results):
    shutil.rmtree(results / "squid", ignore_errors=True)
    return Project(tmp_path, results)


def ids(plan):
    return set(plan.table["point_id"].to_pylist())


def test_a_plan_is_a_pure_function(project):
    first, second = project.plan(), project.plan()
    assert first.digest == second.digest
    assert first.table.equals(second.table)
    assert (first.requested, first.to_run) == (6, 6)


def test_what_is_cached_is_not_asked_for_again(project):
    project.simulate(project.plan())
    again = project.plan()
    assert (again.to_run, again.new) == (0, ())
    grown = project.plan(sweep={**EXPERIMENT["sweep"], "parameters.gnabar": [0.1, 0.11, 0.12]})
    assert (grown.requested, grown.to_run, len(grown.new)) == (9, 3, 1)
    assert ids(again) < ids(grown)


def test_a_new_axis_at_its_default_keeps_the_old_points(project):
    plan = project.plan()
    project.simulate(plan)
    sweep = {**EXPERIMENT["sweep"], "parameters.gkbar": [0.036, 0.04]}
    grown = project.plan(sweep=sweep)
    assert (grown.requested, grown.to_run) == (12, 6)
    assert ids(plan) < ids(grown)


def test_a_fixed_value_belongs_to_the_points(project):
    assert ids(project.plan()).isdisjoint(ids(project.plan(parameters={"gkbar": 0.04})))
    assert ids(project.plan()) == ids(project.plan(parameters={"gkbar": 0.036}))
    assert ids(project.plan()).isdisjoint(ids(project.plan(simulation={"duration": 21})))


def test_words_change_the_plan_but_nothing_that_is_simulated(project):
    plan, other = project.plan(), project.plan(title="Other", description="Words")
    assert (plan.simulation_code, plan.feature_code) == (other.simulation_code, other.feature_code)
    assert ids(plan) == ids(other)
    assert plan.new == other.new
    # They are written into the tables anew.
    assert plan.digest != other.digest
    assert other.notes["declared"]["title"] == "Other"


def test_looking_writes_nothing(tmp_path):
    results = tmp_path / "results"
    project = Project(tmp_path, results)
    kept = project.plan(keep=True)
    assert [path.suffix for path in (results / "models").iterdir()] == [".json"]
    shutil.rmtree(results)
    assert project.plan(keep=False).digest == kept.digest
    assert not results.exists()


def test_features_change_their_code_alone(project):
    plan = project.plan()
    other = project.plan(features={"signal": "soma_v", "statistics": ["minimum"]})
    assert plan.simulation_code == other.simulation_code
    assert plan.feature_code != other.feature_code


def test_the_plausible_range_belongs_to_the_simulation(project):
    assert (
        project.plan().simulation_code
        != project.plan(plausible={"mV": [-100, 100]}).simulation_code
    )


@pytest.mark.parametrize(("size", "batches"), [(1, 6), (4, 2), (100, 1)])
def test_batch_size(project, size, batches):
    plan = project.plan(execution={"batch_size": size})
    assert len(plan.new) == batches
    assert plan.table.to_pandas().groupby("batch").size().max() <= size


def test_batches_are_named_by_their_content():
    names = batch_names("squid", "code", ["a", "b"])
    name, again = next(names), next(names)
    assert name == next(batch_names("squid", "code", ["b", "a"]))
    others = [
        again,
        next(batch_names("squid", "code", ["a"])),
        next(batch_names("other", "code", ["a", "b"])),
        next(batch_names("squid", "changed", ["a", "b"])),
    ]
    assert len({name, *others}) == 5


def test_a_batch_without_traces_and_features_is_simulated_again(project):
    plan = project.plan()
    project.simulate(plan)
    folder = project.results / "squid" / plan.simulation_code
    shutil.rmtree(folder / "traces")
    again = project.plan()
    assert again.to_run == 6
    assert set(again.new).isdisjoint(plan.new)
    kept = folder / "features" / plan.feature_code / f"{plan.new[0]}.parquet"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert project.plan().to_run == 0
    other = {"signal": "soma_v", "statistics": ["minimum"]}
    assert project.plan(features=other).to_run == 6


def test_points_of_one_clock_stay_together(project):
    plan = project.plan(execution={"batch_size": 2})
    clocks = plan.table.to_pandas().groupby("batch")["simulation.celsius"].nunique()
    assert (clocks == 1).all()


def test_slow_points_are_shared_by_all_cores(project):
    assert len(project.plan(cores=4).new) == 1
    project.simulate(project.plan(), runtime_s=100.0)
    sweep = {**EXPERIMENT["sweep"], "parameters.gnabar": [0.2, 0.3, 0.4, 0.5]}
    assert len(project.plan(cores=4, sweep=sweep).new) == 12


def test_points_that_are_measured_at_once_need_no_batch_for_each_core(project):
    sweep = {"parameters.gnabar": {"linspace": [0.1, 0.14, 10_000]}}
    kept = project.plan(cores=4, sweep=sweep)
    assert len(kept.new) == 4
    measured = project.plan(cores=4, sweep=sweep, execution={"keep_traces": False})
    assert len(measured.new) == 1
    many = {"keep_traces": False, "seconds_per_batch": 2.0}
    assert len(project.plan(cores=4, sweep=sweep, execution=many).new) % 4 == 0


@pytest.mark.parametrize(("seconds", "batches"), [(600.0, 2), (60.0, 12), (1.0, 12)])
def test_the_work_of_a_batch_is_chosen(project, seconds, batches):
    project.simulate(project.plan(), runtime_s=100.0)
    sweep = {**EXPERIMENT["sweep"], "parameters.gnabar": [0.2, 0.3, 0.4, 0.5]}
    execution = {"seconds_per_batch": seconds}
    assert len(project.plan(cores=1, sweep=sweep, execution=execution).new) == batches


def test_a_plan_knows_the_work_of_its_new_batches(project):
    project.simulate(project.plan(), runtime_s=100.0)
    sweep = {**EXPERIMENT["sweep"], "parameters.gnabar": [0.1, 0.12, 0.2, 0.3]}
    plan = project.plan(cores=1, sweep=sweep, execution={"seconds_per_batch": 300.0})
    assert plan.work == dict.fromkeys(plan.new, pytest.approx(300.0))
    assert len(plan.work) == 2


def test_batches_cost_alike_though_points_do_not(project):
    """Points of ten durations, from 1 to 10 ms, by contiguous ranges of them."""
    durations = {"simulation.duration": {"linspace": [1, 10, 10]}}
    sweep = durations | {"parameters.gnabar": {"linspace": [0.1, 0.14, 20]}}
    project.simulate(project.plan(sweep=sweep), runtime_s=1.0)
    other = durations | {"parameters.gnabar": {"linspace": [0.2, 0.24, 20]}}
    table = project.plan(sweep=sweep | other, cores=4).table.to_pandas()
    work = table.groupby("batch")["simulation.duration"].sum()
    assert len(work) == 4
    assert work.max() < 1.1 * work.mean()
    assert table.groupby("batch").size().max() > 2 * table.groupby("batch").size().min()


def test_where_all_share_a_clock_costs_are_dealt_out(project):
    """The design's last points are those of the largest batches otherwise."""
    sweep = {"parameters.gnabar": {"linspace": [0.1005, 0.1395, 40]}}
    project.simulate(project.plan(), runtime_s=10.0)
    table = project.plan(sweep=sweep, cores=4).table.to_pandas()
    middle = table.groupby("batch")["parameters.gnabar"].mean()
    assert len(middle) == 8
    assert middle.max() - middle.min() < 0.01


def test_retried_points_get_a_batch_of_another_name(project):
    first = project.plan()
    project.simulate(first, status="timeout")
    assert project.plan().to_run == 0
    retry = {"retry": ["timeout"]}
    second = project.plan(execution=retry)
    assert second.to_run == 6
    assert set(second.new).isdisjoint(first.new)
    project.simulate(second, status="timeout")
    third = project.plan(execution=retry)
    assert set(third.new).isdisjoint({*first.new, *second.new})
    project.simulate(third)
    assert project.plan(execution=retry).to_run == 0
    assert project.plan().batches == third.new


def test_a_stored_plan_is_read_back(project, tmp_path):
    plan = project.plan(sweep={"parameters.gnabar": [0.1], "simulation.seed": [1, 2]})
    plan.write(tmp_path / "plan.parquet")
    read = Plan.read(tmp_path / "plan.parquet")
    assert read.table.equals(plan.table)
    assert read.notes == json.loads(json.dumps(plan.notes))
    assert read.digest == plan.digest


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sweep": {"parameters.gnabr": [1]}}, "sweep: parameters.gnabr: .*'gnabar'"),
        ({"sweep": {"simulation.temperature": [1]}}, "there is no setting 'temperature'"),
        ({"parameters": {"gna": 1}}, "parameters.gna: .* has no parameter 'gna'"),
        ({"sweep": {"parameters.gnabar": [-1]}}, "parameters.gnabar: -1.* at least 0 S/cm²"),
        ({"sweep": {"parameters.gnabar": ["high"]}}, "parameters.gnabar: 'high' is not a number"),
        ({"sweep": {"simulation.celsius": [1000]}}, "simulation.celsius: .*less than or equal"),
        ({"sweep": {"simulation.dt": [0]}}, "simulation.dt"),
        ({"sweep": {"parameters.gnabar": [0.1, 0.1]}}, "gnabar"),
        ({"morphology": "c91662"}, "morphology: model squid_soma takes none"),
        ({"features": {"signal": "v", "statistics": ["mean"]}}, "no signal 'v'"),
        (
            {"features": {"signal": "soma_v", "stimulus": [5, 30], "efel": ["AP_width"]}},
            "ends at 30 ms, after the simulation's 20 ms",
        ),
        ({"figures": [{"kind": "line", "x": "celcius", "y": "gnabar"}]}, "did you mean 'celsius'"),
        ({"figures": [{"kind": "trace", "signal": "some_v"}]}, "'soma_v'"),
        (
            {"figures": [{"kind": "histogram", "x": "celsius", "all_values": True}]},
            "`all_values` needs an eFEL feature with `keep_values`, which celsius is not",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_line(project, changed, message):
    with pytest.raises(ConfigurationError, match=message) as refusal:
        project.plan(**changed)
    text = str(refusal.value)
    assert "experiments/squid.yaml: " in text
    assert "\n" not in text


LINE = {"kind": "line", "name": "peaks", "x": "celsius", "y": "soma_v_maximum"}
MANY = [{"signal": "soma_v", "statistics": ["maximum"], "prefix": f"p{k}"} for k in range(1994)]
REFUSED = [
    ({"figures": [LINE | {"where": {"gnabar": 0.13}}]}, "peaks: where: no point has gnabar = 0.13"),
    ({"figures": [LINE | {"where": {"gnabar": 0.13}}]}, "; there are 0.12, 0.1"),
    ({"figures": [LINE | {"where": {"celsius": [6.3, 11]}}]}, "no point has celsius = 11"),
    ({"figures": [LINE | {"where": {"gnabar": "0.1"}}]}, "no point has gnabar = '0.1'"),
    ({"figures": [LINE | {"where": {"point_id": "ab"}}]}, "where: no point has point_id = 'ab'"),
    ({"figures": [LINE | {"where": {"status": "okay"}}]}, "has status = 'okay'; there are 'ok'"),
    ({"figures": [LINE | {"reference": {"gnabar": 0.2}}]}, "reference: no point has gnabar = 0.2"),
    (
        {
            "sweep": {"zip": {"parameters.gnabar": [1, 2], "simulation.celsius": [3, 4]}},
            "figures": [LINE | {"where": {"gnabar": 1, "celsius": 4}}],
        },
        "where: no point has all of celsius = 4, gnabar = 1",
    ),
    (
        {
            "sweep": {"simulation.solver": ["backward_euler", "cvode"]},
            "figures": [LINE | {"x": "solver", "where": {"solver": "cvod"}}],
        },
        "where: no point has solver = 'cvod'; there are 'cvode'",
    ),
    ({"figures": [LINE | {"y": "status"}]}, "peaks: needs numbers, which column 'status' does"),
    (
        {
            "sweep": {"simulation.solver": ["backward_euler", "cvode"]},
            "figures": [LINE | {"x": "solver", "ends": "no spike"}],
        },
        "needs numbers, which column 'solver' does not hold",
    ),
    (
        {
            "sweep": {"simulation.celsius": list(range(8))},
            "figures": [LINE | {"style": "celsius"}],
        },
        "style: celsius has 8 values, of which 7 can be told apart",
    ),
    (
        {"figures": [{"kind": "trace", "signal": "soma_v", "window": [21, 30]}]},
        "figures: trace-soma_v: window: 21 ms comes after the simulation's 20 ms",
    ),
    (
        {"figures": [{"kind": "shape", "signal": "soma_v", "at": 19, "offset": 2}]},
        "at: 21 ms comes after the simulation's 20 ms",
    ),
    (
        {"figures": [{"kind": "movie", "signal": "soma_v", "times": [1, 25]}]},
        "times: 25 ms comes after the simulation's 20 ms",
    ),
    ({"sweep": {"simulation.dt": ["fast"]}}, "yaml: simulation.dt: 'fast' is not a number"),
    ({"features": MANY}, "sweep, features: 2,001 columns, and a table of the database holds 2,000"),
]


@pytest.mark.parametrize(("changed", "said"), REFUSED)
def test_what_cannot_come_out_is_refused(project, changed, said):
    with pytest.raises(ConfigurationError) as error:
        project.plan(**changed)
    assert said in str(error.value)
    assert str(error.value).startswith(f"{project.folder / 'experiments' / 'squid.yaml'}: ")


@pytest.mark.parametrize(
    "where",
    [
        {"gnabar": 0.1 + 1e-17},
        {"gnabar": 0.12000000000000001, "celsius": [10, 20.0]},
        {"status": ["failed", "ok"]},
        {"soma_v_maximum": 17.5},
        {},
    ],
)
def test_what_may_come_out_is_planned(project, where):
    figures = [LINE | {"where": where, "style": "gnabar", "reference": {"celsius": 20}}]
    assert project.plan(figures=figures).requested == 6


def test_as_many_columns_as_sqlite_holds(project):
    assert len(project.plan(features=MANY[:-1]).notes["columns"]) > 2000


TEXTS = """
        kind: Literal["soma", "tree"] = quantity("soma", "", "kind")
        code: str = quantity("a", "", "code")
        τ_m: float = quantity(1.0, "ms", "time constant")
        on: bool = quantity(True, "", "switch")
"""


@pytest.fixture
def lettered(project):
    """A project whose model has parameters of text, and of a name that is not English."""
    path = project.folder / "models" / "squid_soma" / "model.py"
    text = "from typing import Literal\n" + path.read_text(encoding="utf-8")
    text = text.replace("Parameters(Model.Parameters):\n", f"Parameters(Model.Parameters):{TEXTS}")
    path.write_text(text, encoding="utf-8")
    return project


@pytest.mark.parametrize(
    ("sweep", "said"),
    [
        ({"parameters.code": [10]}, "parameters.code: 10 is not text: quote it"),
        ({"parameters.on": ["no"]}, "parameters.on: 'no' is not true or false"),
        ({"parameters.on": [1]}, "parameters.on: 1 is not true or false"),
        ({"parameters.kind": ["some"]}, "'some' is none of the choices; did you mean 'soma'?"),
        ({"parameters.τ_n": [1]}, "no parameter 'τ_n'; did you mean 'τ_m'?"),
        ({"parameters.τ_m": ["fast"]}, "parameters.τ_m: 'fast' is not a number"),
        ({"table": "bell.csv"}, r"parameters.code: 'a\x07' holds the character '\x07': remove it"),
    ],
)
def test_values_are_refused_in_words(lettered, sweep, said):
    (lettered.folder / "experiments" / "bell.csv").write_text("parameters.code\na\x07\n")
    with pytest.raises(ConfigurationError) as error:
        lettered.plan(sweep=sweep)
    assert said in str(error.value)
    assert str(error.value).isprintable()


def test_columns_of_a_table_have_the_types_that_the_model_declares(lettered):
    file = lettered.folder / "experiments" / "points.csv"
    file.write_text("parameters.code,parameters.τ_m,simulation.seed\n010,1,1\ntrue,2,2\n", "utf-8")
    table = lettered.plan(sweep={"table": "points.csv"}).table
    assert table["parameters.code"].to_pylist() == ["010", "true"]
    assert str(table["parameters.τ_m"].type) == "double"
    assert str(table["simulation.seed"].type) == "int64"
    listed = {"list": [{"parameters.code": "010", "parameters.\u03c4_m": 1, "simulation.seed": 1}]}
    assert lettered.plan(sweep=listed).table["point_id"][0] == table["point_id"][0]


SWC = "1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 2 -55 0 0 0.5 1\n"
PIN = data_sha256(SWC.encode(), "swc")
SOURCES = [
    (
        {"file": "lost.swc", "sha256": PIN},
        "(lost.swc): there is no such file; check",
    ),
    ({"file": "lost.swc"}, "(lost.swc): there is no such file"),
    ({"file": "cell.swc"}, "is not pinned; if this is the file you want, add to morphologies.a in"),
    ({"file": "cell.swc"}, f"the configuration:  sha256: {PIN}"),
    ({"file": "cell.swc", "sha256": "0" * 64}, f"its data lines have the sha256 {PIN}, but"),
    ({"file": "page.swc"}, "page.swc"),
    ({"package": "nowhere", "path": "a.swc"}, "the package 'nowhere' is not installed"),
    (
        {"package": "bluepyopt", "path": "lost.asc", "sha256": PIN},
        "lost.asc): there is no",
    ),
]


@pytest.fixture
def tree(tmp_path, results):
    """Plan an experiment with the morphology `a` of a source."""

    def plan(source):
        shutil.copytree(MODELS.parents[1] / "tests/workflow/models/tree", tmp_path / "models/tree")
        (tmp_path / "experiments").mkdir()
        experiment = {"title": "Tree", "model": "tree", "morphology": "a"} | {
            key: EXPERIMENT[key] for key in ("simulation", "features")
        }
        experiment["sweep"] = {"parameters.amplitude": [0.1]}
        files = {"experiments/tree": experiment, "morphologies": {"a": source}}
        for name, content in files.items():
            (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
        (tmp_path / "cell.swc").write_text(SWC, encoding="utf-8")
        (tmp_path / "page.swc").write_text("<html>", encoding="utf-8")
        configuration = load({"experiments": ["tree"]}, tmp_path / "config.yaml")
        return make_plan(configuration, "tree", results, 1, keep=True)

    return plan


@pytest.mark.parametrize(("source", "said"), SOURCES)
def test_a_morphology_that_cannot_be_fetched_is_refused(tree, tmp_path, source, said):
    with pytest.raises(ConfigurationError) as error:
        tree(source)
    assert str(error.value).startswith(f"{tmp_path / 'morphologies.yaml'}: morphology 'a' (")
    assert said in str(error.value)


@pytest.mark.parametrize(
    "source", [{"file": "cell.swc", "sha256": PIN}, {"url": "https://example.org/a.swc"}]
)
def test_a_morphology_that_may_be_fetched_is_planned(tree, source):
    assert tree(source).requested == 1
