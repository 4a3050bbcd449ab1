"""What may stand under `sweep:`, and what one reads when it may not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from dendroflow.settings import sweep as sweep_module
from dendroflow.settings.base import Settings
from dendroflow.settings.problems import first_problem
from dendroflow.settings.project import read_yaml
from dendroflow.settings.sweep import MOST_POINTS, Axis, Sweep


class Experiment(Settings):
    sweep: Sweep


def content(text: str):
    return yaml.load(text, Loader=read_yaml.__globals__["_UniqueKeyLoader"])


def read(text: str) -> Experiment:
    return Experiment.model_validate({"sweep": content(text)})


def message(text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        read(text)
    line = first_problem(caught.value, {"sweep": content(text)})
    assert "\n" not in line
    assert " more)" not in line
    return line


def test_short_form_is_one_grid():
    short = read("{parameters.a: [1, 2], morphology: [c91662, n123]}")
    assert short == read("[{grid: {parameters.a: [1, 2], morphology: [c91662, n123]}}]")
    assert short == read("{grid: {parameters.a: [1, 2], morphology: [c91662, n123]}}")


@pytest.mark.parametrize(
    "text",
    [
        "{simulation.celsius: {linspace: [0, 30, 61]}, parameters.g: [0.1, true, fast]}",
        "[{zip: {parameters.a: [1, 2], parameters.b: {arange: [0, 1, 1]}}}, {table: a.csv}]",
        "[{list: [{parameters.a: 7, parameters.b: 8}]}]",
        "{latin_hypercube: {samples: 3, axes: {parameters.g: {log_range: [0.1, 1]}}}}",
        "{sobol: {samples: 4, seed: 1, axes: {parameters.g: {integer_range: [0, 1]}}}}",
        "{saltelli: {samples: 4, axes: {parameters.g: {range: [0, 1]},"
        " parameters.h: {range: [0, 1]}}}}",
    ],
)
def test_dump_reads_back(text):
    experiment = read(text)
    assert Experiment.model_validate(experiment.model_dump()) == experiment
    assert Experiment.model_validate_json(experiment.model_dump_json()) == experiment


def test_seed_is_recorded():
    experiment = read("{sobol: {samples: 4, axes: {parameters.g: {range: [0, 1]}}}}")
    assert experiment.model_dump()["sweep"][0]["sobol"]["seed"] == 0


def test_listed_values_stay_verbatim():
    values = read("{parameters.a: [1, 1.0, true, ' text ', 0.1234567890123456]}").sweep[0].grid
    assert [repr(v) for v in values["parameters.a"].values] == [
        "1",
        "1.0",
        "True",
        "' text '",
        "0.1234567890123456",
    ]


@pytest.mark.parametrize("text", ["1e-3", "1e5", "2.5e3", "-1E-6"])
def test_exponents_that_yaml_takes_for_text_are_numbers(text):
    assert isinstance(yaml.safe_load(text), str)
    values = read(f"{{parameters.a: [{text}, '{text}']}}").sweep[0].grid["parameters.a"].values
    assert values == (float(text), text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{gnabar: [1]}", "did you mean parameters.gnabar?"),
        ("{celsius: [1]}", "did you mean simulation.celsius?"),
        ("{parameter.g: [1]}", "did you mean parameters.g?"),
        ("{Simulation.celsius: [1]}", "did you mean simulation.celsius?"),
        ("{morphologies: [a]}", "did you mean morphology?"),
        (
            "{parameters.a-b: [1]}",
            "write parameters.<name>, simulation.<name>, stimuli.<name>.<key> or",
        ),
        ("{simulation.Celsius: [1]}", "write parameters.<name>"),
        ('{"parameters.a\\n": [1]}', "'parameters.a\\n' is not a swept path"),
        ("{parameters: {a: [1]}}", "'parameters' is not a swept path: write parameters.<name>"),
        ("{model.a: [1]}", "'model.a' is not a swept path: write parameters.<name>"),
        ("{1: [1]}", "1 is not a swept path"),
        ("{list: [{gnabar: 1}]}", "sweep.list.0: 'gnabar' is not a swept path"),
        (
            "{sobol: {samples: 1, axes: {g: {range: [0, 1]}}}}",
            "sweep.sobol.axes: 'g' is not a swept path; did you mean parameters.g?",
        ),
        ("{grid: {parameters.a: [1]}, parameters.b: [1]}", "'grid' is a design"),
    ],
)
def test_wrong_paths(text, expected):
    assert expected in message(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "sweep: an experiment without points"),
        ("[]", "sweep: an experiment without points"),
        ("3", "sweep: must map paths to values, or be a list of blocks; is 3"),
        ("[{}]", "sweep.0: a block without points; give one of grid, zip, list"),
        ("{parameters.a: []}", "sweep.parameters.a: is empty"),
        ("{grid: {}}", "sweep.grid: is empty"),
        ("{list: []}", "sweep.list: is empty"),
        ("{list: [{}]}", "sweep.list.0: is empty"),
        ("{parameters.a: 3}", "sweep.parameters.a: must be one of {values: ...}"),
        (
            "{parameters.a: {}}",
            "takes exactly one of values, linspace, logspace, arange, group; has none",
        ),
        ("{parameters.a: [1, .nan]}", "sweep.parameters.a.1: nan is not a finite number"),
        ("{parameters.a: [-.inf]}", "-inf is not a finite number"),
        ("{parameters.a: [1e999]}", "inf is not a finite number"),
        ("{parameters.a: [9223372036854775808]}", "does not fit into 64 bits"),
        ("{parameters.a: [null]}", "null is no number, text or truth value"),
        ("{parameters.a: [[1]]}", "[1] is no number, text or truth value"),
        ("{parameters.a: ['']}", "a value is empty"),
        ("{parameters.a: {linspce: [0, 1, 3]}}", "a.linspce: unknown key; did you mean 'linspace'"),
        ("{parameters.a: {linspace: [0, 1]}}", "must be [start, stop, number], is [0, 1]"),
        ("{parameters.a: {linspace: [0, x, 3]}}", "linspace.1: 'x' is not a number"),
        (
            "{parameters.a: {linspace: [0, true, 3]}}",
            "stop, number], is [0, True, 3]",
        ),
        ("{parameters.a: {linspace: [0, 1, 2.5]}}", "linspace.2: 2.5 is not a whole number"),
        ("{parameters.a: {linspace: [0, 1, 1]}}", "two different ends and at least 2 values"),
        ("{parameters.a: {linspace: [1, 1, 3]}}", "two different ends and at least 2 values"),
        ("{parameters.a: {logspace: [0, 1, 3]}}", "logspace: both ends must be above 0"),
        ("{parameters.a: {arange: [0, 1, 0.3]}}", "do not meet 1; the last one before it is 0.9"),
        ("{parameters.a: {arange: [0, 1, -0.1]}}", "steps of -0.1 do not lead from 0 to 1"),
        ("{parameters.a: {arange: [0, 1, 0]}}", "steps of 0 do not lead from 0 to 1"),
        ("{parameters.a: {arange: [0, 1.0e+300, 1.0e-5]}}", "10,000,000 are the most"),
        ("{parameters.a: {linspace: [0, 1, 10000001]}}", "10,000,000 are the most"),
        (
            "{zip: {parameters.a: [1, 2], parameters.b: {linspace: [0, 1, 3]}}}",
            "sweep.zip: zipped axes must be equally long: parameters.a has 2, parameters.b has 3",
        ),
        (
            "{grid: {parameters.a: [1]}, list: [{parameters.a: 1}]}",
            "sweep: parameters.a is swept by both grid and list",
        ),
        (
            "{list: [{parameters.a: 1}, {parameters.a: 1, parameters.b: 2}]}",
            "row 2 and row 1 must sweep the same paths; they differ in parameters.b",
        ),
        ("[{gird: {parameters.b: [1]}}]", "sweep.0.gird: unknown key; did you mean 'grid'?"),
        ("{gird: {parameters.b: [1]}}", "sweep: there is no design 'gird'; did you mean 'grid'?"),
        ("{table: a.xlsx}", "sweep.table: must end in .csv or .parquet; is 'a.xlsx'"),
        ("{morphology: [a, 1]}", "morphology: names are text; 1 needs quotes"),
        ("{morphology: {linspace: [0, 1, 2]}}", "morphology: takes a list of names"),
        ("{list: [{morphology: 1}]}", "morphology: names are text; 1 needs quotes"),
    ],
)
def test_wrong_designs(text, expected):
    assert expected in message(text)


@pytest.mark.parametrize("samples", [0, -1, 3, 100])
@pytest.mark.parametrize("kind", ["sobol", "saltelli"])
def test_power_of_two(kind, samples):
    axes = "{parameters.g: {range: [0, 1]}, parameters.h: {range: [0, 1]}}"
    text = f"{{{kind}: {{samples: {samples}, axes: {axes}}}}}"
    assert f"sweep.{kind}.samples: must be a power of two" in message(text)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ("{}", "axes: is empty"),
        ("{parameters.g: [1, 2]}", "must be one of {range: ...}, {log_range: ...}"),
        ("{parameters.g: {range: [0]}}", "must be [low, high], is [0]"),
        ("{parameters.g: {range: [1, 0]}}", "low must be below high, is [1, 0]"),
        ("{parameters.g: {log_range: [0, 1]}}", "log_range: both ends must be above 0"),
        ("{parameters.g: {integer_range: [0, 1.5]}}", "integer_range.1: 1.5 is not a whole number"),
        ("{parameters.g: {integer_range: [0, 9007199254740993]}}", "within 2**53 of 0"),
        ("{morphology: {range: [0, 1]}}", "morphology: names cannot be sampled"),
    ],
)
def test_wrong_ranges(axes, expected):
    assert expected in message(f"{{latin_hypercube: {{samples: 1, axes: {axes}}}}}")


def test_wrong_sample_sizes():
    one = "{parameters.g: {range: [0, 1]}}"
    assert "at least two axes" in message(f"{{saltelli: {{samples: 4, axes: {one}}}}}")
    assert "samples: must be" in message(f"{{latin_hypercube: {{samples: 0, axes: {one}}}}}")
    assert "samples: must be" in message(
        f"{{latin_hypercube: {{samples: {MOST_POINTS + 1}, axes: {one}}}}}"
    )
    two = "{parameters.g: {range: [0, 1]}, parameters.h: {range: [0, 1]}}"
    assert "are the most" in message(f"{{saltelli: {{samples: 4194304, axes: {two}}}}}")


def test_arange_counts_in_decimals():
    assert Axis(arange=(0, 1, 0.1)).size == 11
    assert Axis(arange=(0, 30, 0.5)).size == 61
    assert Axis(arange=(1, -1, -0.25)).size == 9


def test_schema_shows_the_short_forms():
    schema = json.dumps(Experiment.model_json_schema())
    assert '"patternProperties"' in schema
    assert '"$ref": "#/$defs/Block"' in schema
    assert '"type": "boolean"' in schema


def test_parsing_imports_nothing_heavy():
    scripts = Path(sweep_module.__file__).parents[2]
    code = (
        f"import sys; sys.path.insert(0, {str(scripts)!r}); import dendroflow.settings.sweep; "
        "print(sorted({'pandas', 'scipy', 'SALib', 'numpy'} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
