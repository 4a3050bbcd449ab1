"""Conductances that are known are recovered from the features of a response made with them."""

from pathlib import Path

import efel
import numpy as np
import pandas as pd
import pytest

from dendroflow.analysis.fitting import fit, measuring
from dendroflow.analysis.search import Goals, ModelEvaluator
from dendroflow.features.extract import extraction
from dendroflow.kernel.lanes import run_together
from dendroflow.kernel.points import points_of
from dendroflow.plan.description import describe
from dendroflow.plan.models import names_of
from dendroflow.plan.points import identified_points
from dendroflow.runs.loading import load_model
from dendroflow.runs.workload import Workload
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.project import load, read_yaml
from dendroflow.tables.tables import read_notes

EXPERIMENT = "squid_fit"
CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(scope="module")
def fitting(tmp_path_factory):
    """Run the shipped experiment, with changes of its keys."""
    shipped = load({"experiments": [EXPERIMENT]}, CONFIG / "config.yaml")
    folder = shipped.model_folder(EXPERIMENT)
    description = describe(names_of(folder), tmp_path_factory.mktemp("described") / "model.json")

    def prepared(**changes):
        content = read_yaml(shipped.experiment_file(EXPERIMENT))
        changes["optimise"] = content["optimise"] | changes.get("optimise", {})
        changed = Experiment.model_validate(content | changes)
        configuration = shipped.model_copy(update={"experiments": {EXPERIMENT: changed}})
        workload = Workload(load_model(folder), {}, changed.plausible, extraction(changed.measured))
        measure = measuring(configuration, EXPERIMENT, description, workload, workers=2)
        return configuration, measure, description

    return prepared


@pytest.mark.slow
def test_known_conductances_are_recovered_within_5_percent(fitting, tmp_path):
    configuration, measure, description = fitting(optimise={"generations": 12})
    fitted = configuration.experiments[EXPERIMENT]
    history = tmp_path / "history.parquet"
    rows = fit(
        configuration,
        EXPERIMENT,
        measure,
        history,
        {},
        seed=fitted.optimise.seed[0],
        description=description,
        targets=fitted.targets,
    )
    assert rows["generation"].max() == 12
    reference, best = read_notes(history)["individuals"]
    assert (reference["individual"], best["individual"]) == ("reference", "best")
    assert best["parameters.gnabar"] == pytest.approx(0.12, rel=0.05)
    assert best["parameters.gkbar"] == pytest.approx(0.036, rel=0.05)
    # Not by chance: the random first generation is far from it.
    first = rows[rows["generation"] == 1]
    assert rows["score"].min() < 0.1 * first["score"].min()


def test_the_score_is_zero_at_the_truth_where_that_of_efel_is_not(fitting):
    long = {
        "parameters": {"width": 40},
        "simulation": {"duration": 60},
        "features": {
            "signal": "soma_v",
            "stimulus": [5, 45],
            "efel": ["AP_amplitude", "spike_count"],
        },
        "targets": {"AP_amplitude": {"sd": 1}},
    }
    configuration, measure, description = fitting(**long)
    settings = configuration.experiments[EXPERIMENT].optimise
    truth = pd.DataFrame([settings.reference])[list(settings.parameters)]
    point = measure(truth)
    assert point["spike_count"].item() > 2
    mean = point["AP_amplitude"].item()
    goals = Goals({"AP_amplitude": mean}, {"AP_amplitude": 1.0})
    evaluator = ModelEvaluator(settings.parameters, goals, measure)
    assert evaluator.evaluate_with_lists(truth.iloc[0].tolist()) == [0.0]

    points = identified_points(configuration, EXPERIMENT, description, truth, "truth")
    model = load_model(configuration.model_folder(EXPERIMENT))
    (run,) = points_of(points.table, points.fixed)
    v = run_together(model, [run], {}, {}).traces["values"][0].values.to_numpy()
    trace = {"T": 0.025 * np.arange(len(v)), "V": v, "stim_start": [5.0], "stim_end": [45.0]}
    efel.reset()
    efel.set_setting("interp_step", 0.025)
    try:
        distance = efel.get_distance(trace, "AP_amplitude", mean, 1.0, trace_check=False)
        assert 0.5 < distance < 50
    finally:
        efel.reset()
