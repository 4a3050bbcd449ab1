"""What one reads when a file of the configuration is wrong: never a word of pydantic's."""

import re

import pytest
from running import CHECKOUT

from dendroflow.errors import ConfigurationError
from dendroflow.settings.experiment import Experiment
from dendroflow.settings.morphologies import MorphologyName, MorphologySource
from dendroflow.settings.project import Project, load, read_yaml, validated
from dendroflow.settings.quality import Quality

SOUND = """\
title: Steps
model: squid_soma
simulation: {duration: 15}
sweep: {parameters.a: [1, 2]}
features: {signal: v, statistics: [maximum]}
"""
CATALOGUE = dict[MorphologyName, MorphologySource]
YAML_IS_CAREFUL = [
    # What a user writes; what of it, and what is to be written instead.
    ("title: no", "line 1: title: no: quote it if it is text, else write true or false"),
    ("title: On", "line 1: title: On: quote it if it is text, else write true or false"),
    ("a: {b: [x, yes]}", "line 1: a.b.1: yes: quote it if it is text, else write true or false"),
    ("a: 010", "line 1: a: 010: quote it if it is text, else write a plain decimal number"),
    ("x: 1\na: 09", "line 2: a: 09: quote it"),
    ("a: 0o17", "line 1: a: 0o17: quote it"),
    ("a: 1:30", "line 1: a: 1:30: quote it"),
    ("a: 1_000", "line 1: a: 1_000: quote it"),
    ("a: 0b11", "line 1: a: 0b11: quote it"),
    ("a: 2026-01-31", "line 1: a: 2026-01-31: quote it if it is text"),
    ("off: 1", "line 1: off: quote it"),
    ("a: &b no\nc: *b", "line 1: a: no: quote it"),
    ('a: "\\e[31m"', r"line 1: a: '\x1b[31m' holds the character '\x1b': remove it"),
    ('a: "\\a"', r"'\x07'"),
    ('a: "\\ud800"', r"'\ud800'"),
    ('a: "\\x9b"', r"'\x9b'"),
    ('"a\\0": 1', r"'\x00'"),
    ("x: 1\na: \x07", r"line 2: holds the character '\x07': remove it"),
    ("a: [1", "line 1: expected ',' or ']'"),
    ("\ta: 1", "line 1: found character '\\t' that cannot start any token"),
]
YAML_IS_READ = {
    "1e3": 1000.0,
    "1e-3": 0.001,
    "1.5E2": 150.0,
    "0x1F": 31,
    "-.5": -0.5,
    "0": 0,
    "0.10": 0.1,
    "-.inf": float("-inf"),
    "true": True,
    "~": None,
    "y": "y",
    "n": "n",
    "nope": "nope",
    "1.10.2": "1.10.2",
    "00:30:x": "00:30:x",
    "'no'": "no",
    '"010"': "010",
    "!!str 1:30": "1:30",
    "20 °C\N{NO-BREAK SPACE}± 1": "20 °C\N{NO-BREAK SPACE}± 1",
    '"a\\tb\\nc"': "a\tb\nc",
}


@pytest.mark.parametrize(("text", "said"), YAML_IS_CAREFUL)
def test_yaml_that_is_not_the_same_to_all(tmp_path, text, said):
    path = tmp_path / "e.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        read_yaml(path)
    assert str(error.value).startswith(f"{path}: line ")
    assert said in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("text", YAML_IS_READ)
def test_yaml_that_is(tmp_path, text):
    path = tmp_path / "e.yaml"
    path.write_text(f"a: {text}\n", encoding="utf-8")
    found, expected = read_yaml(path)["a"], YAML_IS_READ[text]
    assert (found, type(found)) == (expected, type(expected))


def test_a_file_that_is_not_utf8(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_bytes("a: 1\nb: größe\n".encode("latin-1"))
    with pytest.raises(ConfigurationError, match="line 2: is not UTF-8"):
        read_yaml(path)


def rows(heading):
    """The cells of the table below a heading of the page of messages, as they are meant."""
    page = (CHECKOUT / "docs" / "messages.md").read_text(encoding="utf-8")
    part = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    for line in re.findall(r"^\| (.+) \|$", part, re.MULTILINE)[1:]:
        cells = [cell.strip() for cell in line.split(" | ")]
        yield [
            "" if cell in ("nothing", "an end") else cell.strip("`").replace("\\n", "\n")
            for cell in cells
        ]


def refused(kind, text, path):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        validated(kind, read_yaml(path), path)
    return str(error.value).removeprefix(f"{path}: ")


def test_what_is_changed_below_is_sound(tmp_path):
    path = tmp_path / "e.yaml"
    path.write_text(SOUND, encoding="utf-8")
    assert validated(Experiment, read_yaml(path), path).title == "Steps"


@pytest.mark.parametrize("name", ["τ_m", "größe", "gro\u0308ße", "\xb5", "Ω", "_a", "переменная"])
def test_names_of_parameters_begin_with_any_letter(tmp_path, name):
    path = tmp_path / "e.yaml"
    text = SOUND.replace("parameters.a", f"parameters.{name}") + f"parameters: {{{name}: 1}}"
    path.write_text(text, encoding="utf-8")
    experiment, declared = validated(Experiment, read_yaml(path), path), {}
    exec(f"class Parameters:\n    {name} = 1", declared)
    (swept,), (fixed,) = experiment.sweep[0].grid, experiment.parameters
    assert swept == f"parameters.{fixed}"
    assert hasattr(declared["Parameters"], fixed)


@pytest.mark.parametrize(("old", "new", "said", "mark"), rows("In an experiment"))
def test_an_experiment(tmp_path, old, new, said, mark):
    text = SOUND.replace(old, new) if old else SOUND + new
    assert refused(Experiment, text, tmp_path / "e.yaml") == said
    assert int(mark) >= 4


@pytest.mark.parametrize(("text", "said", "mark"), rows("In the configuration"))
def test_a_configuration(tmp_path, text, said, mark):
    assert refused(Project, text, tmp_path / "c.yaml") == said
    assert int(mark) >= 4


def test_there_are_fifty_messages():
    assert (
        sum(1 for name in ("an experiment", "the configuration") for _ in rows(f"In {name}")) > 50
    )


def test_the_line_is_that_of_the_key_also_in_lists_and_below_anchors(tmp_path):
    text = SOUND + "figures:\n  - &a {kind: histogram, x: a}\n  - kind: line\n    x: a\n    y: 1\n"
    assert refused(Experiment, text, tmp_path / "e.yaml").endswith("quote it (line 10)")
    text = SOUND + "parameters:\n  b: 1\n  <<: {c: [1]}\n"
    assert refused(Experiment, text, tmp_path / "e.yaml").endswith("(line 6)")


OTHERS = [
    (CATALOGUE, "größe: {file: a.swc}", "größe: 'größe' is not a name of A-Z"),
    (CATALOGUE, "a+b: {file: a.swc}", "a+b: 'a+b' is not a name of A-Z"),
    (CATALOGUE, "a: {file: 'a b.swc'}", "a.file: 'a b.swc' is not a path from the configuration's"),
    (CATALOGUE, "a: {file: ä.swc}", "a.file: 'ä.swc' is not a path"),
    (CATALOGUE, "a: {file: a.txt}", "a.file: 'a.txt' is not a path"),
    (CATALOGUE, "a: {fil: a.swc}", "a: exactly one of the keys neuromorpho, package, file and url"),
    (CATALOGUE, "a: b.swc", "a: exactly one of the keys"),
    (CATALOGUE, "a: {file: a.swc, sha256: 12}", "a.sha256: 12 is not text: quote it"),
    (CATALOGUE, "a: {file: a.swc, sha256: x}", "a.sha256: 'x' is not a sha256: 64 hexadecimal"),
    (CATALOGUE, "a: {neuromorpho: {archive: A, nam: b}}", "a.neuromorpho.nam: unknown key"),
    (CATALOGUE, "a: {neuromorpho: {archive: A, name: b}, sha: x}", "a.sha: unknown key"),
    (CATALOGUE, "a: {package: a-b, path: a.swc}", "a.package: 'a-b' is not a package"),
    (CATALOGUE, "1: {file: a.swc}", "1: 1 is not text: quote it"),
    (Quality, "graph: {step: 1}", "graph.step: unknown key; did you mean 'step_um'?"),
    (Quality, "graph: {step_um: x}", "graph.step_um: 'x' is not a number"),
    (Quality, "size: {soma_area_um2: [5, 1]}", "size.soma_area_um2: 5 must lie below 1"),
]


@pytest.mark.parametrize(("kind", "text", "said"), OTHERS)
def test_other_files(tmp_path, kind, text, said):
    assert refused(kind, text, tmp_path / "c.yaml").startswith(said)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"experiments": ["step"]}, "step.yaml: there is no such file; did you mean steps.yaml?"),
        ({"experiments": ["other"]}, "other.yaml: there is no such file"),
        ("steps", "'steps' is not a mapping of keys to values"),
        (["steps"], "['steps'] is not a mapping"),
        (
            {"experiments": ["steps"], "execution": {"batchsize": 1}},
            "execution: batchsize: unknown key; did you mean 'batch_size'?",
        ),
    ],
)
def test_a_configuration_that_names_experiments(tmp_path, content, said):
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "steps.yaml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load(content, tmp_path / "config.yaml")
    name = str(error.value).removeprefix(f"{tmp_path}/experiments/")
    assert name.removeprefix(f"{tmp_path}/config.yaml: ").startswith(said)
