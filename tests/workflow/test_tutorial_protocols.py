"""The tutorial's second part, followed literally."""

import re

import pytest
from workflow.workspace import CHECKOUT

PAGE = (CHECKOUT / "docs" / "tutorial-protocols.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r'^```\w+ title="(.+?)"\n(.*?)^```$', PAGE, re.M | re.S))
EXPERIMENT = "experiments/firing.yaml"


@pytest.fixture(scope="module")
def first(new_workspace):
    workspace = new_workspace().project("firing")
    for name, text in BLOCKS.items():
        if name.startswith("config/"):
            workspace.write(name.removeprefix("config/"), text)
    return workspace, workspace.run(cores=2).succeeded()


@pytest.fixture(scope="module")
def second(first):
    workspace, _ = first
    own = BLOCKS["a second protocol"]
    workspace.replace(EXPERIMENT, "sweep:", f"{own}sweep:")
    path = workspace.config / EXPERIMENT
    path.write_text(path.read_text(encoding="utf-8") + BLOCKS["figures"], encoding="utf-8")
    return workspace, workspace.run(cores=2).succeeded()


def test_the_first_run_says_what_the_page_shows(first):
    assert BLOCKS["first run"].strip() in first[1].lines()


def test_a_second_protocol_is_simulated_alone(second):
    workspace, run = second
    assert BLOCKS["second run"].strip() in run.lines()
    assert run.jobs["simulate_batch"] == 1
    assert (workspace.results / "figures" / "firing" / "firing.png").stat().st_size > 1000


def test_the_query_gives_the_rows_that_the_page_shows(second):
    (statement,) = re.findall(r"^```sql\n(.*?)^```$", PAGE, re.M | re.S)
    names, _, *shown = (line.split() for line in BLOCKS["rows"].splitlines())
    assert names == ["gnabar", "rheobase", "spikes", "height", "score"]
    rows = second[0].query(statement)
    assert [[str(value) for value in row] for row in rows] == shown
    assert second[0].query("SELECT count(*) FROM runs") == [(8,)]
