"""docs/tutorial.md, followed literally."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from workflow.workspace import CHECKOUT, Run, Workspace

PAGE = (CHECKOUT / "docs" / "tutorial.md").read_text(encoding="utf-8")
EXPERIMENT = "experiments/input_resistance.yaml"


class Paper(Workspace):
    """The repository of the page, in which Snakemake runs as the page says."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.environment = {"PYTHONPATH": str(CHECKOUT / "scripts")}

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        """What the page types, with the Python of the tests and dendroflow of the checkout."""
        assert "\n$ .venv/bin/snakemake --cores 2\n" in PAGE
        return [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments]

    def copy_to(self, folder: Path) -> "Paper":
        """Copy everything."""
        return Paper(super().copy_to(folder).folder)


def block(language: str, title: str | None = None) -> str:
    """The one block of the page with this language and title."""
    heading = f'{language} title="{title}"' if title else language
    found = re.findall(rf"^```{re.escape(heading)}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert len(found) == 1, heading
    return str(found[0])


@pytest.fixture(scope="module")
def followed(tmp_path_factory) -> tuple[Paper, Run]:
    folder = tmp_path_factory.mktemp("tutorial")
    made = Workspace(folder, environment={"PYTHONDONTWRITEBYTECODE": "1"}).dendroflow(
        "new", "my-paper"
    )
    assert made.returncode == 0, made.stdout
    paper = Paper(folder / "my-paper")
    files = re.findall(r'^```(\w+) title="((?:config|scripts)/.*)"$', PAGE, re.MULTILINE)
    for language, path in files:
        if language != "diff":
            (paper.folder / path).parent.mkdir(exist_ok=True)
            (paper.folder / path).write_text(block(language, path), encoding="utf-8")
    assert len(files) == 6
    with (paper.folder / "Snakefile").open("a", encoding="utf-8") as snakefile:
        snakefile.write(f"\n\n{block('python', 'Snakefile')}")
    return paper, paper.run(cores=2).succeeded()


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
    workspace.run("-n").refused(block("text", "misspelt").strip())


def test_a_longer_axis_runs_the_new_points_alone(followed, copy_of):
    removed, added = block("diff", f"config/{EXPERIMENT}").splitlines()
    workspace = copy_of(followed[0]).replace(EXPERIMENT, removed[1:], added[1:])
    run = workspace.run("-n").succeeded()
    assert block("text", "after the change").strip() in run.lines()
    assert run.announced["simulate_batch"] == 1


def test_the_rule_of_the_page_draws_its_figure(followed):
    workspace, _ = followed
    target = "results/paper/resistance.pdf"
    assert f"`.venv/bin/snakemake --cores 2 {target}`" in PAGE
    run = workspace.run(target).succeeded()
    assert run.announced == {"draw_resistance": 1}
    assert (workspace.folder / target).read_bytes().startswith(b"%PDF")


def test_the_figure_of_the_page_is_there():
    (image,) = re.findall(r"!\[.+\]\((images/.+\.png)\)", PAGE)
    assert (CHECKOUT / "docs" / image).read_bytes().startswith(b"\x89PNG")
