"""A paper's own repository: made, run, changed, moved, copied; with its environment, installed."""

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from workflow.small_experiments import STEPS
from workflow.workspace import CHECKOUT, LONGEST_RUN_S, Run, Workspace

from dendroflow import __version__

# What may run again after a clone, a copy without times or an update: seconds, no simulation.
CHEAP = {
    *(
        "plan_points",
        "gather_features",
        "build_database",
        "check_failures",
        "render_figures",
        "write_report",
        "write_explorer",
    ),
    *("draw_current_voltage", "paper"),
}


class Repository(Workspace):
    """A repository that `dendroflow new` has made, and the environment of another."""

    environment_folder: Path

    def command(self, *arguments: str, cores: int = 2) -> list[str]:
        """The command line of `dendroflow run`."""
        words = ["--cores", str(cores), *(["--", *arguments] if arguments else [])]
        return [str(self.environment_folder / "bin/dendroflow"), "run", *words]

    def make(self, *words: str) -> str:
        """What `make` says that ends well."""
        child = subprocess.run(
            ["make", *words, f"VENV={self.environment_folder}", f"PYTHON={sys.executable}"],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=2 * LONGEST_RUN_S,
            check=False,
        )
        assert child.returncode == 0, child.stdout
        return child.stdout

    def at(self, folder: Path) -> "Repository":
        """A repository in another folder, with the same environment."""
        other = Repository(folder)
        other.environment_folder = self.environment_folder
        return other


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Repository:
    """A repository in a path with a blank and letters beyond ASCII, and its environment."""
    scratch = tmp_path_factory.mktemp("own")
    (scratch / "größe x").mkdir()
    said = Workspace(scratch, environment={"PYTHONDONTWRITEBYTECODE": "1"}).dendroflow(
        "new", "größe x/my-paper"
    )
    assert said.returncode == 0, said.stdout
    repository = Repository(scratch / "größe x" / "my-paper")
    repository.environment_folder = scratch / "environment"
    repository.make("setup")
    return repository


@pytest.fixture(scope="module")
def finished(made, tmp_path_factory) -> Repository:
    """A repository in which everything has run, by `make`."""
    repository = made.at(tmp_path_factory.mktemp("größe y") / "my paper")
    shutil.copytree(made.folder, repository.folder, dirs_exist_ok=True)
    said = repository.make("run")
    for file in ("figures/", "dendroflow.sqlite", "report.html"):
        assert f"results/{file}" in said
    row = next(line.split() for line in said.splitlines() if line.startswith("current_steps  "))
    assert row == ["current_steps", "10", "0", "10", "0"]
    return repository


@pytest.fixture
def repository(finished, tmp_path) -> Repository:
    """A copy of it, to go on from, with all its times."""
    shutil.copytree(finished.folder, tmp_path / "ö a", symlinks=True)
    return finished.at(tmp_path / "ö a")


def simulates_nothing(run: Run) -> Run:
    """Fail unless a run went well, and made nothing but what takes seconds."""
    run.succeeded()
    assert set(run.announced) <= CHEAP
    assert run.points == 0
    assert not run.jobs["compile_mechanisms"]
    return run


# What it is -------------------------------------------------------------------------------------


def test_what_has_run_passes_its_own_tests(finished):
    assert " passed" in finished.make("test")


def test_all_is_there_and_nothing_is_left_to_do(finished):
    assert finished.query("SELECT count(*) FROM current_steps WHERE status = 'ok'") == [(10,)]
    assert (finished.results / "paper/current_voltage.pdf").read_bytes().startswith(b"%PDF")
    report = (finished.results / "report.html").stat().st_mtime_ns
    for words in ((), ("--workflow-profile", "none", "--cores", "1")):
        assert "Nothing to be done" in finished.run(*words).succeeded().output
    assert (finished.results / "report.html").stat().st_mtime_ns == report


def test_the_command_is_that_of_the_wheel(made, tmp_path):
    """In any folder, without a Snakefile."""
    command = str(made.environment_folder / "bin/dendroflow")
    shutil.copytree(made.folder / "config", tmp_path / "config")

    def said(*words: str) -> str:
        return subprocess.run(
            [command, *words],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LONGEST_RUN_S,
            check=True,
        ).stdout

    assert said("--version") == f"dendroflow {__version__}\n"
    assert "NeuroMorpho.Org" in said("--help")
    assert "current_steps: 10 points requested, 0 cached, 10 to run" in said("plan")
    assert (tmp_path / "results/current_steps/plan.parquet").exists()


def test_it_makes_another_repository_with_the_same_wheel(made, tmp_path):
    command = [str(made.environment_folder / "bin/dendroflow"), "new", "second"]
    subprocess.run(command, cwd=tmp_path, check=True, timeout=LONGEST_RUN_S)
    for name in ("envs/dendroflow.txt", "envs/runtime.txt", "Snakefile"):
        first = (made.folder / name).read_text().replace("my-paper", "second")
        assert (tmp_path / "second" / name).read_text() == first
    wheel = f"vendor/dendroflow-{__version__}-py3-none-any.whl"
    assert (tmp_path / "second" / wheel).read_bytes() == (made.folder / wheel).read_bytes()


# What changes -----------------------------------------------------------------------------------


def test_a_figure_whose_script_changes_is_drawn_again_and_nothing_else(repository):
    script = repository.folder / "scripts/figure.py"
    script.write_text(script.read_text().replace('"C0"', '"C3"'))
    figure = (repository.results / "paper/current_voltage.pdf").read_bytes()
    run = simulates_nothing(repository.run())
    assert set(run.announced) == {"draw_current_voltage", "paper"}
    assert (repository.results / "paper/current_voltage.pdf").read_bytes() != figure


def test_a_point_that_is_added_is_simulated_alone_and_drawn(repository):
    repository.replace("experiments/current_steps.yaml", "[-0.02, 0.025, 10]", "[-0.02, 0.03, 11]")
    figure = (repository.results / "paper/current_voltage.pdf").read_bytes()
    run = repository.run().succeeded()
    assert run.points == 1
    assert not run.jobs["compile_mechanisms"]
    assert (repository.results / "paper/current_voltage.pdf").read_bytes() != figure
    assert " passed" in repository.make("test")
    assert "Nothing to be done" in repository.run().succeeded().output


# Where it goes ----------------------------------------------------------------------------------


def test_moved_it_has_nothing_to_do(repository, tmp_path):
    repository.folder.rename(tmp_path / "moved ß")
    run = repository.at(tmp_path / "moved ß").run().succeeded()
    assert "Nothing to be done" in run.output


def test_unpacked_from_tar_it_has_nothing_to_do(repository, tmp_path):
    with tarfile.open(tmp_path / "paper.tar", "w") as archive:
        archive.add(repository.folder, "paper")
    with tarfile.open(tmp_path / "paper.tar") as archive:
        archive.extractall(tmp_path / "unpacked", filter="data")
    run = repository.at(tmp_path / "unpacked/paper").run().succeeded()
    assert "Nothing to be done" in run.output


def cloned(repository: Repository, folder: Path) -> Repository:
    """Commit what `.gitignore` does not leave out, and clone it."""
    identity = ("-c", "user.name=Nobody", "-c", "user.email=nobody@localhost")
    for command in (
        ("init", "--quiet"),
        ("add", "."),
        (*identity, "commit", "--quiet", "--message", "A paper"),
    ):
        subprocess.run(["git", *command], cwd=repository.folder, check=True)
    subprocess.run(["git", "clone", "--quiet", repository.folder, folder], check=True)
    return repository.at(folder)


def test_cloned_with_copied_results_it_simulates_and_compiles_nothing(repository, tmp_path):
    clone = cloned(repository, tmp_path / "clone")
    assert not clone.results.exists()
    assert not (clone.folder / ".snakemake").exists()
    assert (clone.folder / "vendor").exists()
    # Without times.
    subprocess.run(["cp", "-r", repository.results, clone.folder], check=True)
    simulates_nothing(clone.run())
    assert clone.query("SELECT count(*) FROM current_steps") == [(10,)]
    assert "Nothing to be done" in clone.run().succeeded().output
    assert " passed" in clone.make("test")


def test_an_archive_draws_all_figures_to_the_same_bytes_without_a_simulation(repository, tmp_path):
    target = tmp_path / "paper.zip"
    said = repository.dendroflow("archive", str(target))
    assert said.returncode == 0, said.stdout
    with zipfile.ZipFile(target) as packed:
        packed.extractall(tmp_path / "unzipped")
        crate = json.loads(packed.read("ro-crate-metadata.json"))["@graph"]
        methods = packed.read("methods.txt").decode()
    unpacked = repository.at(tmp_path / "unzipped")
    drawn = [*(repository.results / "figures").rglob("*.*"), *repository.results.glob("paper/*")]
    shutil.rmtree(unpacked.results / "figures")
    shutil.rmtree(unpacked.results / "paper")
    simulates_nothing(unpacked.run())
    for path in drawn:
        if path.is_file() and not path.name.startswith("."):
            copy = unpacked.results / path.relative_to(repository.results)
            assert copy.read_bytes() == path.read_bytes(), path
    (run,) = [entity for entity in crate if entity["@type"] == "CreateAction"]
    assert run["instrument"] == {"@id": "Snakefile"}
    assert {"@id": "results/dendroflow.sqlite"} in run["result"]
    assert "10 points were simulated" in methods
    assert "with time steps of 0.1 ms" in methods


def test_an_archive_that_was_changed_is_told_by_the_file(repository, tmp_path):
    target = tmp_path / "paper"
    assert repository.dendroflow("archive", str(target)).returncode == 0
    check = ("archive", "--check", str(target))
    assert "files are as they were written" in repository.dendroflow(*check).stdout
    database = target / "results" / "dendroflow.sqlite"
    content = database.read_bytes()
    database.write_bytes(content[:-1] + b"?")
    assert "results/dendroflow.sqlite is not what it was" in repository.dendroflow(*check).stdout
    database.unlink()
    assert "results/dendroflow.sqlite is missing" in repository.dendroflow(*check).stdout
    database.write_bytes(content)
    (target / "more.txt").touch()
    assert "more.txt was added" in repository.dendroflow(*check).stdout
    assert "is there already" in repository.dendroflow("archive", str(target)).stdout
    repository.replace("experiments/current_steps.yaml", "[-0.02, 0.025, 10]", "[-0.02, 0.03, 11]")
    said = repository.dendroflow("archive", str(tmp_path / "other.zip"))
    assert said.returncode == 1
    assert "current_steps: 1 of 11 points are not simulated; `dendroflow run` first" in said.stdout
    assert not list(tmp_path.glob("*other*"))


# As a module ------------------------------------------------------------------------------------

OUTER = """
configfile: "config/config.yaml"

module dendroflow:
    snakefile: {snakefile!r}
    {lines}

use rule * from dendroflow{names}

rule count_points:
    default_target: True
    input: {database!r}
    output: "points.txt"
    shell: "wc -c <{{input:q}} >{{output:q}}"
"""


class Outer(Workspace):
    """A project with a Snakefile of its own, which has dendroflow as a module of a checkout."""

    def command(self, *arguments: str, cores: int = 1) -> list[str]:
        """The command line of plain Snakemake."""
        return [sys.executable, "-m", "snakemake", "--cores", str(cores), *arguments]

    def taking(
        self,
        lines: str = "config: config",
        names: str = "",
        database: str = "results/dendroflow.sqlite",
    ) -> "Outer":
        """Write a Snakefile that takes the module so."""
        text = OUTER.format(
            snakefile=str(CHECKOUT / "Snakefile"), lines=lines, names=names, database=database
        )
        (self.folder / "Snakefile").write_text(text, encoding="utf-8")
        return self


@pytest.fixture
def outer(tmp_path) -> Outer:
    project = Outer(tmp_path / "außen x")
    project.project("steps").experiment("steps", STEPS)
    return project


@pytest.mark.slow
def test_a_module_of_a_checkout_runs_and_is_then_done(outer):
    run = outer.taking().run("count_points", "all").succeeded()
    assert run.points == 2
    assert (outer.folder / "points.txt").exists()
    assert "Nothing to be done" in outer.run("count_points", "all").succeeded().output


def test_rules_of_a_module_may_be_renamed(outer):
    outer.taking(names=" as df_*").run("df_simulate").succeeded()
    outer.replace("experiments/steps.yaml", "- 0.02", "- 0.02\n  - 0.03")
    run = outer.run().succeeded()
    assert run.points == 1
    assert run.announced["df_simulate_batch"] == 1


@pytest.mark.slow
def test_with_a_prefix_results_lie_below_it_and_are_found_again(outer):
    outer.taking(
        lines='config: config\n    prefix: "sweeps"', database="sweeps/results/dendroflow.sqlite"
    )
    outer.run().succeeded()
    assert not outer.results.exists()
    outcomes = "sweeps/results/steps/*/outcomes/*.parquet"
    (first,) = outer.folder.glob(outcomes)
    assert "Nothing to be done" in outer.run().succeeded().output
    outer.replace("experiments/steps.yaml", "- 0.02", "- 0.02\n  - 0.03")
    assert outer.run().succeeded().announced["simulate_batch"] == 1
    assert len(list(outer.folder.glob(outcomes))) == 2
    assert first.exists()


def test_the_configuration_says_where_experiments_lie(outer):
    outer.config.rename(outer.folder / "elsewhere ö")
    (outer.folder / "config").mkdir()
    (outer.folder / "config/config.yaml").write_text("experiments: [steps]\n")
    refused = outer.taking().run()
    refused.refused("experiments/steps.yaml: there is no such file")
    (outer.folder / "config/config.yaml").write_text(
        "experiments: [steps]\nfolder: elsewhere ö\n", encoding="utf-8"
    )
    assert outer.run().succeeded().points == 2


def test_a_module_without_a_configuration_is_refused(outer):
    run = outer.taking(lines="").run()
    run.refused("the module has no configuration", "`config: config`")
    assert not outer.results.exists()


def test_a_rule_of_ones_own_with_a_name_of_ours_is_named(outer):
    outer.taking()
    file = outer.folder / "Snakefile"
    file.write_text(file.read_text().replace("rule count_points", "rule build_database"))
    run = outer.run()
    assert run.code == 1
    assert "build_database" in run.output
    assert not outer.results.exists()


def test_the_folder_of_the_catalogue_is_the_same_workflow(outer):
    outer.taking()
    file = outer.folder / "Snakefile"
    text = file.read_text().replace("/Snakefile'", "/workflow/Snakefile'")
    file.write_text(text)
    assert outer.run("-n").succeeded().announced["simulate_batch"] == 1
