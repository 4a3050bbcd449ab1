"""Optimisations that cannot be run: one line that names the file and the key."""

import copy
import shutil
from pathlib import Path

import pytest
import yaml

from dendroflow.errors import ConfigurationError
from dendroflow.plan.planning import make_plan
from dendroflow.settings.project import load

MODELS = Path(__file__).parents[3] / "config" / "models"

FITTED = {
    "title": "Fitted",
    "model": "squid_soma",
    "simulation": {"duration": 15},
    "optimise": {
        "parameters": {"parameters.gnabar": {"range": [0.05, 0.25]}},
    },
    "targets": {"soma_v_maximum": {"mean": 40, "sd": 1}},
    "features": {"signal": "soma_v", "statistics": ["maximum"]},
}
WHOLE = {"parameters": {"parameters.steps": {"range": [1, 9]}}}


def optimise(**changes):
    return {"optimise": FITTED["optimise"] | changes}


def targets(**keys):
    return {"targets": {"soma_v_maximum": keys}}


def bounds(path, *ends, kind="range"):
    return optimise(parameters={path: {kind: list(ends)}})


BAD = {
    "bounds the wrong way round": (
        bounds("parameters.gnabar", 0.25, 0.05),
        ["optimise.parameters.parameters.gnabar", "low must be below high", "[0.25, 0.05]"],
    ),
    "equal bounds": (bounds("parameters.gnabar", 0.1, 0.1), ["low must be below high"]),
    "bounds outside the model's": (
        bounds("parameters.gnabar", -0.1, 0.1),
        ["parameters.gnabar", "-0.1", "at least 0", "S/cm²"],
    ),
    "logarithm of zero": (
        bounds("parameters.gnabar", 0, 0.1, kind="log_range"),
        ["parameters.gnabar", "log_range", "above 0"],
    ),
    "no bounds": (optimise(parameters={"parameters.gnabar": 0.1}), ["parameters.gnabar", "0.1"]),
    "no parameter": (optimise(parameters={}), ["optimise.parameters", "empty"]),
    "unknown parameter": (
        bounds("parameters.gnabat", 0.1, 0.2),
        ["optimise.parameters", "gnabat", "did you mean 'gnabar'"],
    ),
    "a setting of the simulation": (
        bounds("simulation.celsius", 6, 20),
        ["simulation.celsius", "only parameters of the model"],
    ),
    "whole numbers": (
        bounds("parameters.gnabar", 1, 3, kind="integer_range"),
        ["parameters.gnabar", "whole numbers cannot be optimised"],
    ),
    "a parameter that is a whole number": (
        {"model": "counted", **optimise(**WHOLE)},
        ["parameters.steps", "no arbitrary number"],
    ),
    "unknown target": (
        {"targets": {"soma_v_maximun": {"mean": 40, "sd": 1}}},
        ["targets", "'soma_v_maximun'", "did you mean 'soma_v_maximum'"],
    ),
    "no target": ({"targets": {}}, ["targets", "beside"]),
    "targets within": (optimise(targets={}), ["optimise.targets", "beside `optimise`"]),
    "no standard deviation": (
        targets(mean=40),
        ["targets.soma_v_maximum", "sd is required"],
    ),
    "standard deviation of zero": (
        targets(mean=40, sd=0),
        ["targets.soma_v_maximum.sd", "greater than 0"],
    ),
    "no mean": (
        targets(sd=1),
        ["targets.soma_v_maximum", "mean", "reference"],
    ),
    "a reference that nothing needs": (
        optimise(reference={"parameters.gnabar": 0.12}),
        ["optimise", "reference", "every target has a mean"],
    ),
    "a reference of other parameters": (
        optimise(reference={"parameters.gkbar": 0.036}) | targets(sd=1),
        ["reference", "parameters.gkbar, parameters.gnabar"],
    ),
    "a reference that is no number": (
        optimise(reference={"parameters.gnabar": "x"}) | targets(sd=1),
        ["optimise.reference", "'x' is not a number"],
    ),
    "a reference outside the model's bounds": (
        optimise(reference={"parameters.gnabar": -1}) | targets(sd=1),
        ["parameters.gnabar", "-1", "at least 0"],
    ),
    "unknown algorithm": (optimise(algorithm="CMA"), ["optimise.algorithm", "IBEA", "CMA"]),
    "no generation": (optimise(generations=0), ["optimise.generations", "0"]),
    "one individual": (optimise(offspring=1), ["optimise.offspring", "1"]),
    "unknown key": (optimise(offsprings=10), ["optimise.offsprings", "unknown key"]),
    "a sweep besides": (
        {"sweep": {"parameters.gkbar": [0.03, 0.04]}},
        ["either `sweep` or `optimise`"],
    ),
    "a figure of the same name": (
        {
            "figures": [
                {"kind": "trace", "name": "optimisation-scores", "signal": "soma_v"},
            ]
        },
        ["optimisation-scores", "choose another"],
    ),
    "a parameter called individual": (
        {"model": "individual", **bounds("parameters.individual", 0.1, 0.2)},
        ["individual", "share the column"],
    ),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Where descriptions of models are kept between the tests."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("config")
    (folder / "experiments").mkdir()
    shutil.copytree(MODELS / "squid_soma", folder / "models" / "squid_soma")
    source = (MODELS / "squid_soma" / "model.py").read_text()
    declared = "        gkbar: "
    for name, field in {
        "counted": 'steps: int = quantity(1, "", "steps")',
        "individual": 'individual: float = quantity(1, "", "which")',
    }.items():
        (folder / "models" / name).mkdir()
        text = source.replace(declared, f"        {field}\n{declared}")
        (folder / "models" / name / "model.py").write_text(text)
    return folder


def plan(folder, results, **changes):
    content = copy.deepcopy(FITTED) | changes
    content = {key: value for key, value in content.items() if value is not None}
    (folder / "experiments" / "fitted.yaml").write_text(yaml.safe_dump(content))
    configuration = load({"experiments": ["fitted"]}, folder / "config.yaml")
    return make_plan(configuration, "fitted", results, 2, keep=True)


@pytest.mark.parametrize("case", BAD)
def test_an_optimisation_that_cannot_be_run_is_refused(case, folder, results):
    changes, parts = BAD[case]
    with pytest.raises(ConfigurationError) as refused:
        plan(folder, results, **changes)
    message = str(refused.value)
    assert "\n" not in message
    assert message.startswith(str(folder / "experiments" / "fitted.yaml"))
    for part in parts:
        assert part in message


def test_the_plan_reserves_a_batch_for_points_that_are_not_known(folder, results):
    planned = plan(folder, results)
    assert (planned.requested, planned.to_run, len(planned.new)) == (1, 1, 1)
    assert planned.table["point_id"].to_pylist() == [""]
    assert planned.table["individual"].to_pylist() == ["best"]
    assert planned.digest == plan(folder, results).digest


def test_what_decides_the_search_names_its_batch_and_its_history(folder, results):
    def named(**changes):
        planned = plan(folder, results, **changes)
        return planned.new, planned.notes["optimisation"]["histories"][0]

    batch, history = named()
    assert named(title="Another") == (batch, history)
    for changes in (
        optimise(seed=2),
        optimise(offspring=33),
        targets(mean=41, sd=1),
        {"parameters": {"gkbar": 0.03}},
        {"simulation": {"duration": 16}},
    ):
        other = named(**changes)
        assert other[0] != batch, changes
        assert Path(other[1]).parent != Path(history).parent, changes
    # More generations go on with the search, and store another best individual.
    longer = named(**optimise(generations=21))
    assert longer[0] != batch
    assert Path(longer[1]).parent == Path(history).parent
    assert longer[1] != history
