from pathlib import Path

import pyarrow as pa
import pytest

from dendroflow.features.extract import extract
from dendroflow.kernel.lanes import run_together
from dendroflow.kernel.points import points_of
from dendroflow.kernel.reactions import share_compiled_reactions
from dendroflow.mechanisms import compile_mechanisms, digest, sources
from dendroflow.plan.codes import simulation_content
from dendroflow.plan.description import describe
from dendroflow.plan.models import names_of
from dendroflow.plan.points import requested_points
from dendroflow.runs.loading import load_mechanisms, load_model
from dendroflow.runs.pool import run_points
from dendroflow.runs.workload import Workload
from dendroflow.settings.project import load
from dendroflow.tables.schemas import OUTCOMES, column_of

CONFIG = Path(__file__).parents[2] / "config"


class Experiment:
    """An experiment of the checkout's configuration, run without Snakemake."""

    def __init__(self, name, kept):
        self.name = name
        self.configuration = load({"experiments": [name]}, CONFIG / "config.yaml")
        self.settings = self.configuration.experiments[name]
        folder = self.configuration.model_folder(name)
        self.names = names_of(folder)
        description = describe(self.names, kept / f"{name}.json")
        points = requested_points(self.configuration, name, description)
        self.table = points.table.rename(columns=column_of)
        self.points = points_of(points.table.to_dict("list"), points.fixed)
        self.model = load_model(folder)
        share_compiled_reactions(kept / "rxd")

    def measure(self, results):
        traces = pa.concat_tables(pa.table(r.traces) for r in results if r.traces)
        rows = [vars(outcome) for result in results for outcome in result.outcomes]
        outcomes = pa.Table.from_pylist(rows, schema=OUTCOMES)
        features = extract(traces, outcomes, {"": self.settings.features}).to_pandas()
        return self.table.merge(features, on="point_id"), traces

    def run(self, geometries=None):
        record = simulation_content(self.names, self.settings).record
        workload = Workload(self.model, geometries or {}, self.settings.plausible, record=record)
        results = list(run_points(workload, self.points, workers=2, timeout_s=300.0))
        return self.measure(results)

    def run_one(self, model, point):
        return self.measure([run_together(model, [point], {}, self.settings.plausible)])


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    return lambda name: Experiment(name, tmp_path_factory.mktemp("described"))


@pytest.fixture(scope="session")
def load_mechanisms_of(tmp_path_factory):
    """Compile and load the mechanisms of a model; NEURON takes none of a name that it has."""
    loaded = set()

    def load(folder):
        build = digest(sources(folder))
        if build not in loaded:
            library = tmp_path_factory.mktemp("mechanisms") / "libnrnmech.so"
            compile_mechanisms(folder, library)
            load_mechanisms(library)
            loaded.add(build)

    return load
