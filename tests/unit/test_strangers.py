"""Configurations and morphologies come from strangers: what they name, and how much of it."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from pydantic import TypeAdapter

from dendroflow.design import tables
from dendroflow.design.expansion import expand
from dendroflow.errors import ConfigurationError, MorphologyError
from dendroflow.morphology import files
from dendroflow.morphology.fetch import fetch
from dendroflow.settings.files import within
from dendroflow.settings.morphologies import LocalFile, NeuroMorpho
from dendroflow.settings.observations import read_all
from dendroflow.settings.project import MOST_BYTES, load, read_yaml
from dendroflow.settings.sweep import Sweep

CHECKOUT = Path(__file__).parents[2]
SECRET = "parameters.secret\n1\n"
EXPERIMENT = (CHECKOUT / "config/experiments/hh_temperature.yaml").read_text(encoding="utf-8")


@pytest.fixture
def config(tmp_path):
    """The folder of a configuration, beside a file that is none of its business."""
    folder = tmp_path / "config"
    (folder / "experiments").mkdir(parents=True)
    (tmp_path / "secret.csv").write_text(SECRET)
    (tmp_path / "secret.swc").write_text("1 1 0 0 0 5 -1\n")
    (tmp_path / "secret.yaml").write_text(EXPERIMENT)
    (folder / "experiments" / "steps.yaml").write_text(EXPERIMENT)
    return folder


def loaded(config, **project):
    return load({"experiments": ["steps"], **project}, config / "config.yaml")


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../secret.csv", "/etc/hosts", "a/../../secret.csv", "link.csv"])
def test_no_path_leads_out_of_a_folder(config, name):
    (config / "link.csv").symlink_to(config.parent / "secret.csv")
    with pytest.raises(ConfigurationError, match=r"leads out of the folder .*config of the"):
        within(config, config / name)


@pytest.mark.parametrize("name", ["a\0b", "loop/x"])
def test_what_is_no_path_is_refused(config, name):
    (config / "loop").symlink_to(config / "loop")
    with pytest.raises(ConfigurationError, match="is no path of a file"):
        within(config, config / name)


def test_paths_inside_are_left_as_they_are(config, monkeypatch):
    (config / "inner.csv").symlink_to(config / "experiments" / "steps.yaml")
    (config.parent / "elsewhere").symlink_to(config)
    for path in (config / "x/../y.csv", config / "inner.csv"):
        assert within(config, path) is path
    # The folder itself may be a link, or relative.
    elsewhere = config.parent / "elsewhere"
    assert within(elsewhere, elsewhere / "y.csv") == elsewhere / "y.csv"
    monkeypatch.chdir(config.parent)
    assert within(Path("config"), Path("config/y.csv")) == Path("config/y.csv")


@pytest.mark.parametrize("table", ["../../secret.csv", "{outside}/secret.csv", "link.csv"])
def test_a_table_of_points_is_not_read_from_elsewhere(config, table):
    (config / "experiments" / "link.csv").symlink_to(config.parent / "secret.csv")
    sweep = TypeAdapter(Sweep).validate_python({"table": table.format(outside=config.parent)})
    with pytest.raises(ConfigurationError, match="leads out of") as caught:
        expand(sweep, config / "experiments", config)
    assert "secret\n" not in str(caught.value)


def test_a_table_may_lie_beside_the_experiments(config):
    (config / "points.csv").write_text("parameters.a\n1\n")
    sweep = TypeAdapter(Sweep).validate_python({"table": "../points.csv"})
    assert expand(sweep, config / "experiments", config).table["parameters.a"].tolist() == [1]


@pytest.mark.parametrize("name", ["experiments/steps.yaml", "morphologies.yaml", "quality.yaml"])
def test_no_file_of_a_configuration_is_a_link_to_elsewhere(config, name):
    assert loaded(config).experiments.keys() == {"steps"}
    (config / name).unlink(missing_ok=True)
    (config / name).symlink_to(config.parent / "secret.yaml")
    with pytest.raises(ConfigurationError, match=f"{name}: leads out of"):
        loaded(config)


@pytest.mark.parametrize("reference", ["../secret.csv", "/etc/hosts.csv", "link.csv"])
def test_observations_are_not_read_from_elsewhere(config, reference):
    (config / "link.csv").symlink_to(config.parent / "secret.csv")
    (config / "morphologies.yaml").write_text("cell: {file: cell.swc}\n")
    comparison = {"rats": {"morphologies": ["cell"], "reference": reference}}
    with pytest.raises(ConfigurationError, match="leads out of"):
        read_all(loaded(config, morphometry=comparison))


def test_a_morphology_is_no_link_to_elsewhere(config):
    (config / "cells").symlink_to(config.parent)
    target, notes = config / "out.swc", config / "out.json"
    source = LocalFile(file="cells/secret.swc")
    with pytest.raises(MorphologyError, match=r"'mine' \(cells/secret\.swc\): .*leads out of"):
        fetch("mine", source, target, notes, neuromorpho=NeuroMorpho(), root=config)
    assert not target.exists()


# Sizes ------------------------------------------------------------------------------------------


def bomb(levels):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]" for k in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize("text", [bomb(7), bomb(30), "a: &a [*a]", "&a {k: *a}"])
def test_aliases_do_not_multiply_for_ever(tmp_path, text):
    path = tmp_path / "bomb.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="its aliases stand for more than 1,000,000"):
        read_yaml(path)


def test_a_few_aliases_are_read(tmp_path):
    path = tmp_path / "few.yaml"
    path.write_text(bomb(4))
    content = read_yaml(path)
    assert content["a3"][9][9][9][9] == "x"


@pytest.mark.parametrize(
    "text", ["[" * 3000, "a: !!int ''", "!!timestamp x", "!!bool x", "9" * 5000, "1:" * 300]
)
def test_yaml_that_trips_its_reader_is_refused(tmp_path, text):
    path = tmp_path / "trip.yaml"
    path.write_text(text + ("59.5" if text.startswith("1:") else ""))
    with pytest.raises(ConfigurationError) as caught:
        read_yaml(path)
    assert str(caught.value).isprintable()


def test_a_long_configuration_is_not_read(tmp_path):
    path = tmp_path / "long.yaml"
    path.write_text("#" * (MOST_BYTES + 1))
    with pytest.raises(ConfigurationError, match="is larger than 2,000,000 bytes"):
        read_yaml(path)


def test_messages_are_short_and_do_not_command_the_terminal(config):
    text = EXPERIMENT.replace(
        "title: ", 'title: ["\\x1b]0;owned\\x07", ' + "x, " * 5000 + "x] #", 1
    )
    (config / "experiments" / "steps.yaml").write_text(text + '"\\x1b[2J": 1\n')
    with pytest.raises(ConfigurationError) as caught:
        loaded(config)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1500


def test_lines_of_a_morphology_are_counted(monkeypatch):
    monkeypatch.setattr(files, "MAX_LINES", 4)
    data = b"1 1 0 0 0 5 -1\n2 3 5 0 0 1 1\n3 3 15 0 0 1 2\n"
    assert len(files.parse(data + b"#\n", "swc", "cell")) == 3
    with pytest.raises(MorphologyError, match="5 lines; 4 are the most"):
        files.parse(data + b"#\r\n#\n", "swc", "cell")


def test_a_small_table_that_unpacks_to_a_large_one_is_not_read(tmp_path, monkeypatch):
    path = tmp_path / "points.parquet"
    rows = pd.DataFrame({"parameters.a": range(200_000)}) * 0
    pq.write_table(pa.Table.from_pandas(rows), path, use_dictionary=False, compression="zstd")
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(tables, "MOST_BYTES", 100_000)
    with pytest.raises(ConfigurationError, match="100,000 bytes, unpacked"):
        tables.read_table(path)
    monkeypatch.setattr(tables, "MOST_POINTS", 1000)
    with pytest.raises(ConfigurationError, match="more than 1,000 rows"):
        tables.read_table(path)
    (tmp_path / "points.csv").write_text("parameters.a\n" + "1\n" * 60_000)
    with pytest.raises(ConfigurationError, match="larger than 100,000 bytes"):
        tables.read_table(tmp_path / "points.csv")


@pytest.mark.parametrize(
    ("sweep", "reason"),
    [
        ([{"grid": {"parameters.a": {"linspace": [0, 1, 6_000]}}}] * 2, "12,000 points"),
        (
            {
                "latin_hypercube": {
                    "samples": 9_999,
                    "axes": {f"parameters.a{k}": {"range": [0, 1]} for k in range(30)},
                }
            },
            "9,999 points of 30 swept values",
        ),
    ],
)
def test_a_design_that_no_memory_holds_is_not_begun(tmp_path, monkeypatch, sweep, reason):
    monkeypatch.setattr("dendroflow.design.expansion.MOST_POINTS", 10_000)
    monkeypatch.setattr("dendroflow.design.expansion.MOST_VALUES", 200_000)
    with pytest.raises(ConfigurationError, match=reason):
        expand(TypeAdapter(Sweep).validate_python(sweep), tmp_path)


def test_a_whole_number_of_any_length_is_compared():
    design = {"latin_hypercube": {"samples": 1, "axes": {}}}
    design["latin_hypercube"]["axes"] = {"parameters.a": {"integer_range": [10**400, 0]}}
    with pytest.raises(ValueError, match=r"within 2\*\*53"):
        TypeAdapter(Sweep).validate_python(design)


# Code -------------------------------------------------------------------------------------------


TEMPLATE = "__use_yte__: true\nexperiments:\n  - ?open('owned', 'w').write('x') and 'steps'\n"


def test_a_configuration_is_no_template(tmp_path):
    path = tmp_path / "config.yaml"
    for text in (TEMPLATE, TEMPLATE.replace("__use_yte__", '"__use\\x5fyte__"')):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match="__use_yte__: a configuration is no template"):
            read_yaml(path)


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system ['true']", "!!python/name:os.x"])
def test_yaml_makes_no_objects(tmp_path, tag):
    path = tmp_path / "config.yaml"
    path.write_text(f"experiments: {tag}\n")
    with pytest.raises(ConfigurationError, match="could not determine a constructor"):
        read_yaml(path)
    assert yaml.SafeLoader in read_yaml.__globals__["_UniqueKeyLoader"].__mro__
