"""Configurations that cannot be run: one line that names the file and the key, and no results."""

from pathlib import Path

import pytest
from workflow.small_experiments import STEPS
from workflow.workspace import Workspace

from dendroflow.errors import ConfigurationError
from dendroflow.plan.planning import make_plan
from dendroflow.settings.project import load, read_yaml

EXPERIMENT = "config/experiments/steps.yaml"
ONE_FIGURE = {"kind": "line", "x": "amplitude", "y": "spike_count"}


def sweep(path, *values):
    return {"sweep": {path: list(values)}}


def features(**changes):
    return {"features": STEPS["features"] | changes}


def sampled(design, samples):
    axes = {
        "parameters.amplitude": {"range": [0, 1]},
        "parameters.gnabar": {"range": [0.1, 0.2]},
    }
    return {"sweep": {design: {"samples": samples, "axes": axes}}}


# What is wrong -> changes of a sound experiment, and what the message must hold.
BAD_EXPERIMENTS = {
    "unknown key": ({"sweeps": []}, ["sweeps", "unknown key"]),
    "wrong type": ({"simulation": {"duration": "long"}}, ["simulation.duration", "long"]),
    "unknown swept parameter": (
        sweep("parameters.amplitud", 0.01),
        ["parameters.amplitud", "squid_soma", "did you mean 'amplitude'"],
    ),
    "unknown swept setting": (
        sweep("simulation.celcius", 6.3),
        ["simulation.celcius", "did you mean 'celsius'"],
    ),
    "swept value out of bounds": (
        sweep("parameters.gnabar", 0.1, -0.1),
        ["parameters.gnabar", "-0.1", "at least 0", "S/cm²"],
    ),
    "swept value of the wrong type": (
        sweep("parameters.gnabar", "much"),
        ["parameters.gnabar", "'much'", "not a number"],
    ),
    "no points": ({"sweep": {}}, ["sweep", "without points"]),
    "two equal points": (
        sweep("parameters.gnabar", 0.1, 0.12, 0.1),
        ["sweep", "rows 1 and 3", "parameters.gnabar = 0.1"],
    ),
    "unknown feature": (
        features(efel=["AP_amplitud"]),
        ["features", "AP_amplitud", "AP_amplitude"],
    ),
    "unknown statistic": (
        features(statistics=["maximun"]),
        ["features", "maximun", "did you mean 'maximum'"],
    ),
    "unknown signal measured": (
        features(signal="some_v"),
        ["features", "squid_soma", "'some_v'", "did you mean 'soma_v'"],
    ),
    "unknown signal drawn": (
        {"figures": [{"kind": "trace", "name": "traces", "signal": "some_v"}]},
        ["figures: traces", "'some_v'", "did you mean 'soma_v'"],
    ),
    "unknown column drawn": (
        {"figures": [ONE_FIGURE | {"name": "count", "y": "spike_cont"}]},
        ["figures: count", "'spike_cont'", "did you mean 'spike_count'"],
    ),
    "figures of one name": (
        {"figures": [ONE_FIGURE, ONE_FIGURE | {"title": "Twice"}]},
        ["figures 1 and 2", "line-spike_count-amplitude"],
    ),
    "traces drawn and not kept": (
        {
            "figures": [{"kind": "trace", "name": "traces", "signal": "soma_v"}],
            "execution": {"keep_traces": False},
        },
        ["figures: traces", "keep_traces"],
    ),
    "stimulus after the end": (features(stimulus=[5, 20]), ["features", "20 ms", "15 ms"]),
    "Sobol samples": (sampled("sobol", 12), ["sobol.samples", "power of two", "8 or 16"]),
    "morphology for a model without": (
        {"morphology": "cell"},
        ["morphology", "squid_soma", "takes none"],
    ),
    "missing model": (
        {"model": "squid"},
        ["config/models/squid/model.py", "no such file"],
    ),
}

# The same, refused by the functions that the Snakefile calls: a run of Snakemake takes its time.
MORE_BAD_EXPERIMENTS = {
    "reference that is not swept": (
        {"figures": [ONE_FIGURE | {"name": "count", "reference": {"spike_count": 1}}]},
        ["figures: count", "reference: 'spike_count' is not swept", "amplitude"],
    ),
    "unknown signal of a propagation": (
        features(propagation={"since": "some_v", "threshold": 0}),
        ["features", "squid_soma", "'some_v'", "did you mean 'soma_v'"],
    ),
    "unknown key below": (
        {"simulation": {"duration": 15, "temperature": 6}},
        ["simulation.temperature", "unknown key"],
    ),
    "missing key": ({"features": None}, ["features", "required"]),
    "value out of the clock's bounds": (
        {"simulation": {"duration": 15, "dt": -0.1}},
        ["simulation.dt", "greater than 0", "-0.1"],
    ),
    "unknown fixed parameter": (
        {"parameters": {"gnaba": 0.1}},
        ["parameters.gnaba", "squid_soma", "'gnabar'"],
    ),
    "no swept path": (sweep("amplitude", 1), ["'amplitude'", "parameters.amplitude"]),
    "fixed value out of bounds": (
        {"parameters": {"diameter": 0}},
        ["parameters.diameter", "above 0 µm"],
    ),
    "swept setting out of bounds": (
        sweep("simulation.celsius", 6.3, 100),
        ["simulation.celsius", "60"],
    ),
    "an axis without values": (sweep("parameters.gnabar"), ["parameters.gnabar", "empty"]),
    "unknown eFEL setting": (
        features(settings={"threshold": -10}),
        ["features", "threshold", "did you mean 'Threshold'"],
    ),
    "unknown kind of figure": ({"figures": [ONE_FIGURE | {"kind": "pie"}]}, ["figures.0", "pie"]),
    "stimulus backwards": (
        features(stimulus=[10, 5]),
        ["features", "stimulus", "10 must lie below 5"],
    ),
    "Saltelli samples": (sampled("saltelli", 3), ["saltelli.samples", "power of two"]),
    "no Latin sample": (sampled("latin_hypercube", 0), ["latin_hypercube.samples", "0"]),
    "a table that is missing": ({"sweep": {"table": "points.csv"}}, ["points.csv", "no such"]),
}


@pytest.fixture(scope="module")
def sound(new_workspace) -> Workspace:
    """A project that can be run, whose model is known to the planner."""
    workspace = new_workspace().project("steps").experiment("steps", STEPS)
    workspace.run("-n").succeeded()
    return workspace


@pytest.fixture
def project(sound, copy_of) -> Workspace:
    return copy_of(sound)


def assert_refused(project: Workspace, *parts: str) -> None:
    run = project.run()
    run.refused(*parts)
    assert len(run.lines()) == 1, run.output
    # What is learnt of models.
    files = [path for path in project.results.rglob("[!.]*") if path.is_file()]
    assert {path.parent.name for path in files} <= {"models"}


@pytest.mark.parametrize("wrong", BAD_EXPERIMENTS)
def test_bad_experiment(project, wrong):
    changes, parts = BAD_EXPERIMENTS[wrong]
    project.experiment("steps", STEPS, **changes)
    file = [] if changes.get("model") else [EXPERIMENT]
    assert_refused(project, *file, *parts)


@pytest.mark.parametrize("wrong", MORE_BAD_EXPERIMENTS)
def test_bad_experiment_without_a_run(project, monkeypatch, wrong):
    changes, parts = MORE_BAD_EXPERIMENTS[wrong]
    project.experiment("steps", STEPS, **changes)
    monkeypatch.chdir(project.folder)
    with pytest.raises(ConfigurationError) as error:
        make_plan(read_configuration(), "steps", Path("results"), 1)
    message = str(error.value)
    assert "\n" not in message
    assert [part for part in [EXPERIMENT, *parts] if part not in message] == [], message


def read_configuration():
    source = Path("config/config.yaml")
    return load(read_yaml(source), source)


# What is wrong -> the text of config.yaml, and what the message must hold.
BAD_PROJECTS = {
    "unknown key": ("experiments: [steps]\nexperiment: steps", ["experiment", "unknown key"]),
    "missing experiment": (
        "experiments: [steps, stairs]",
        ["config/experiments/stairs.yaml", "no such file"],
    ),
    "name of a table": ("experiments: [provenance]", ["experiments", "'provenance'", "database"]),
    "comparison with an unknown morphology": (
        "experiments: [steps]\n"
        "morphometry: {rats: {morphologies: [c91662], reference: references/rats.csv}}",
        ["morphologies.yaml", "morphometry: rats", "no entry 'c91662'"],
    ),
    "a truth value that may be text": (
        "experiments: [steps]\nmorphology_report: yes",
        ["config.yaml", "line 2", "morphology_report: yes", "quote it"],
    ),
    "experiments twice": (
        "experiments: [stairs]\nexperiments: [steps]",
        ["config.yaml", "line 2", "'experiments'", "twice"],
    ),
}
MORE_BAD_PROJECTS = {
    "no experiments": ("experiments: []", ["experiments", "at least 1"]),
    "experiment twice": ("experiments: [steps, steps]", ["experiments", "'steps'", "twice"]),
    "name that is no name": ("experiments: [../steps]", ["experiments.0", "../steps"]),
    "share above one": ("experiments: [steps]\nmax_failed_share: 2", ["max_failed_share", "2"]),
    "unknown execution": (
        "experiments: [steps]\nexecution: {batchsize: 1}",
        ["execution", "batchsize", "unknown key"],
    ),
}


@pytest.mark.parametrize("wrong", BAD_PROJECTS)
def test_bad_project(project, wrong):
    text, parts = BAD_PROJECTS[wrong]
    project.write("config.yaml", text + "\n")
    assert_refused(project, "config/", *parts)


@pytest.mark.parametrize("wrong", MORE_BAD_PROJECTS)
def test_bad_project_without_a_run(project, monkeypatch, wrong):
    text, parts = MORE_BAD_PROJECTS[wrong]
    project.write("config.yaml", text + "\n")
    monkeypatch.chdir(project.folder)
    with pytest.raises(ConfigurationError) as error:
        read_configuration()
    message = str(error.value)
    assert "\n" not in message
    assert [part for part in ["config/config.yaml", *parts] if part not in message] == [], message


def test_yaml_that_does_not_parse_names_the_line(project):
    project.replace("experiments/steps.yaml", "model: squid_soma", "model: squid: soma")
    assert_refused(project, EXPERIMENT, "line 2", "mapping values")


def test_a_key_given_twice_names_the_line(project):
    lines = (project.folder / EXPERIMENT).read_text().splitlines()
    project.write("experiments/steps.yaml", "\n".join([*lines, "title: Again", ""]))
    assert_refused(project, EXPERIMENT, f"line {len(lines) + 1}", "'title'", "twice")


def test_an_empty_experiment_file(project):
    project.write("experiments/steps.yaml", "")
    assert_refused(project, EXPERIMENT, "no experiment")


def test_columns_that_clash(project):
    project.replace("models/squid_soma/model.py", "width", "celsius")
    project.experiment(
        "steps", STEPS, sweep={"parameters.celsius": [4], "simulation.celsius": [6.3]}
    )
    assert_refused(
        project, EXPERIMENT, "parameters.celsius", "simulation.celsius", "column 'celsius'"
    )
