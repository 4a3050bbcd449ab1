"""The generated pages are those that the code declares."""

import json
import runpy

import jsonschema
import pytest
import yaml
from running import CHECKOUT

from dendroflow.features.names import EFEL_UNITS, STATISTIC_UNITS
from dendroflow.settings.features import UNUSABLE

GENERATE = runpy.run_path(str(CHECKOUT / "docs" / "generate.py"))
configuration_page, main, pages = (GENERATE[n] for n in ("configuration_page", "main", "pages"))


@pytest.fixture
def copy(tmp_path):
    """A checkout with the generated files alone."""
    for path, content in pages(CHECKOUT).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, encoding="utf-8")
    return tmp_path


def test_pages_are_up_to_date(capsys):
    code = main([])
    assert code == 0, capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("docs/configuration/experiment.md", "step of the fixed-step solvers"),
        ("docs/database.md", "number of requested points |"),
        ("config/schemas/project.schema.json", "max_failed_share"),
        ("config/schemas/experiment.schema.json", "backward_euler"),
        ("config/schemas/morphologies.schema.json", "sha256"),
    ],
)
def test_drift_is_found_and_mended(copy, path, part, capsys):
    file = copy / path
    good = file.read_text(encoding="utf-8")
    assert part in good
    file.write_text(good.replace(part, "something else"), encoding="utf-8")
    assert main([], copy) == 1
    assert f"{path}: differs; `make docs` rewrites it" in capsys.readouterr().out
    assert main(["--write"], copy) == 0
    assert file.read_text(encoding="utf-8") == good
    assert main([], copy) == 0


def test_a_missing_page_is_written(copy):
    (copy / "docs" / "configuration.md").unlink()
    assert main([], copy) == 1
    assert main(["--write"], copy) == 0
    assert main([], copy) == 0


@pytest.mark.parametrize(
    "row",
    [
        "| `dt` | number > 0, ≤ 1 | `0.025` | step of the fixed-step solvers (ms) |",
        "| `batch_size` | whole number ≥ 1 | `null` | points in one job; null: chosen by the plan; "
        "1: one job per point |",
        "| `window` | [number, number] | `null` | shown part of the time, ms |",
        '| `solver` | `backward_euler`, `crank_nicolson` or `cvode` | `"backward_euler"` | fixed '
        "step of first or second order, or CVODE |",
        "| `experiments` | [text, ...] | required | files of `experiments/` beside this file, "
        "without `.yaml` |",
        "| `simulation` | [simulation](#simulation) | required | NEURON's clock and globals |",
        "| `linspace` | [number, number, whole number] | `null` | [start, stop, number]: evenly "
        "spaced, both ends included. |",
        "| `time_of_maximum` | Time of the largest sample; of the first, where several are equal. "
        "| ms |",
    ],
)
def test_type_default_bounds_and_description_are_told(row):
    assert row in configuration_page().splitlines()


def test_every_feature_is_listed():
    page = configuration_page()
    assert all(f"`{name}`" in page for name in (*EFEL_UNITS, *STATISTIC_UNITS))
    assert all(f"| `{name}` | {why} |" in page for name, why in UNUSABLE.items())


def test_every_link_within_the_page_leads_somewhere():
    page = configuration_page()
    headings = {
        line.lstrip("# ").lower().replace(" ", "-").replace(".", "")
        for line in page.splitlines()
        if line.startswith("#")
    }
    links = {part.partition(")")[0] for part in page.split("](#")[1:]}
    assert links
    assert links <= headings


def _validator(name):
    path = CHECKOUT / "config" / "schemas" / f"{name}.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def test_the_schemas_accept_the_configurations_that_come_along():
    config = CHECKOUT / "config"
    for path in config.glob("*.yaml"):
        kind = path.stem if path.stem in ("quality", "morphologies") else "project"
        _validator(kind).validate(_read(path))
    experiments = sorted((config / "experiments").glob("*.yaml"))
    assert experiments
    for path in experiments:
        _validator("experiment").validate(_read(path))


@pytest.mark.parametrize(
    ("key", "value"),
    [("titel", "x"), ("simulation", {"duration": -1}), ("sweep", {"parameters.x": "many"})],
)
def test_the_schema_of_an_experiment_refuses(key, value):
    good = _read(CHECKOUT / "config" / "experiments" / "hh_temperature.yaml")
    assert not _validator("experiment").is_valid(good | {key: value})
