"""docs/tutorial.md, followed literally."""

import re
import subprocess
import sys

import pytest
from workflow.workspace import CHECKOUT, Run, Workspace

PAGE = (CHECKOUT / "docs" / "tutorial.md").read_text(encoding="utf-8")
EXPERIMENT = "experiments/input_resistance.yaml"


def block(language: str, title: str | None = None) -> str:
    """The one block of the page with this language and title."""
    heading = f'{language} title="{title}"' if title else language
    found = re.findall(rf"^```{re.escape(heading)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, heading
    return str(found[0])


def follow(workspace: Workspace, *arguments: str) -> Run:
    """Run the configuration of the page, as the page says."""
    (said,) = re.findall(r"^\$ \.venv/bin/snakemake --cores 2 (.*)$", PAGE, re.MULTILINE)
    return workspace.run(*said.split(), *arguments, cores=2)


@pytest.fixture(scope="module")
def followed(new_workspace) -> tuple[Workspace, Run]:
    workspace = new_workspace()
    files = re.findall(r'^```(\w+) title="config/(.*)"$', PAGE, re.MULTILINE)
    for language, path in files:
        if language != "diff":
            workspace.write(path, block(language, f"config/{path}"))
    assert len(files) == 5
    return workspace, follow(workspace).succeeded()


def test_the_run_says_and_makes_what_the_page_shows(followed):
    workspace, run = followed
    assert block("text", "first run").strip() in run.lines()
    for figure in ("resistance", "traces"):
        for suffix in ("svg", "pdf", "png"):
            path = workspace.results / f"figures/input_resistance/{figure}.{suffix}"
            assert path.stat().st_size > 1000
    assert workspace.query("SELECT DISTINCT status, count(*) FROM input_resistance") == [("ok", 18)]


def test_the_query_gives_the_rows_that_the_page_shows(followed):
    workspace, _ = followed
    names, _, *shown = (line.split() for line in block("text", "rows").splitlines())
    assert names == ["g_pas", "measured", "expected"]
    rows = workspace.query(block("sql"))
    assert [[str(value) for value in row] for row in rows] == shown
    assert len(rows) == 9


def test_the_resistance_is_that_of_the_membrane(followed):
    workspace, _ = followed
    area = 3.141592653589793 * 20 * 20 * 1e-8  # cm²
    passive = "SELECT g_pas, ohmic_input_resistance FROM input_resistance WHERE gbar = 0"
    for conductance, resistance in workspace.query(passive):
        assert resistance == pytest.approx(1e-6 / (conductance * area), rel=1e-9)


def test_pandas_prints_what_the_page_shows(followed):
    workspace, _ = followed
    child = subprocess.run(
        [sys.executable, "-c", block("python", "look.py")],
        cwd=workspace.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert child.stdout == block("text", "look.py prints")


def test_a_misspelt_parameter_is_named(followed, copy_of):
    workspace = copy_of(followed[0]).replace(EXPERIMENT, "parameters.gbar", "parameters.gbra")
    follow(workspace, "-n").refused(block("text", "misspelt").strip())


def test_a_longer_axis_runs_the_new_points_alone(followed, copy_of):
    removed, added = block("diff", f"config/{EXPERIMENT}").splitlines()
    workspace = copy_of(followed[0]).replace(EXPERIMENT, removed[1:], added[1:])
    run = follow(workspace, "-n").succeeded()
    assert block("text", "after the change").strip() in run.lines()
    assert run.announced["simulate_batch"] == 1


def test_the_figure_of_the_page_is_there():
    (image,) = re.findall(r"!\[.+\]\((images/.+\.png)\)", PAGE)
    assert (CHECKOUT / "docs" / image).read_bytes().startswith(b"\x89PNG")
