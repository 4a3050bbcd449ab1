"""The command line: what it takes, and that whatever is wrong is said in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from dendroflow import __version__
from dendroflow.commands import run
from dendroflow.commands.cli import main

CHECKOUT = Path(__file__).parents[3]
TEMPLATE = "__use_yte__: true\nexperiments:\n  - ?open('owned', 'w').write('x') and 'steps'\n"


@pytest.fixture
def started(tmp_path, monkeypatch):
    """The command lines that are started, in an empty folder, instead of running them."""
    lines = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "execute", lambda command, *_: lines.append(command) or 0)
    return lines


@pytest.fixture
def refused(capsys):
    """Refuse a command line, with one line that holds all this."""

    def check(arguments, *parts):
        assert main(arguments) == 1
        printed = capsys.readouterr()
        assert printed.err.startswith("dendroflow: ")
        assert printed.err.count("\n") == 1
        assert all(part in printed.err for part in parts), printed.err
        assert not printed.out

    return check


def test_it_lists_its_commands_without_importing_what_they_need():
    code = "import sys; from dendroflow.commands.cli import main\ntry: main(['--help'])\n"
    code += "finally: assert not {'neuron', 'numpy', 'yaml', 'pydantic'} & set(sys.modules)"
    child = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(CHECKOUT / "scripts")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    for command in ("new", "run", "plan", "audit", "prune", "find"):
        assert f"\n    {command} " in child.stdout


def test_it_says_its_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"dendroflow {__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["walk"],
        ["run", "database"],
        ["run", "--cores", "0"],
        ["prune", "--", "-n"],
        ["find"],
        ["new"],
    ],
)
def test_a_wrong_command_line_ends_with_2(started, arguments):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert not started


@pytest.mark.parametrize("command", ["run", "plan", "audit", "prune"])
def test_a_missing_configuration_is_named(started, refused, command):
    refused([command], "config/config.yaml: there is no such file")
    refused([command, "--config", "ä b.yaml"], "ä b.yaml: there is no such file")
    assert not started


@pytest.mark.parametrize("command", ["run", "plan", "audit", "prune"])
def test_a_configuration_that_cannot_be_read_is_named(started, refused, tmp_path, command):
    (tmp_path / "config").write_text("no folder")
    refused([command], "config/config.yaml: cannot be read: ", "Not a directory")
    assert not started


@pytest.mark.parametrize("command", ["run", "plan", "audit", "prune", "find"])
def test_no_command_runs_the_python_of_a_template(started, refused, tmp_path, command):
    """Snakemake would: it reads the file before it comes to the Snakefile."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text(TEMPLATE)
    words = ["species=mouse"] if command == "find" else []
    refused([command, *words], "__use_yte__: a configuration is no template")
    assert not started
    assert not (tmp_path / "owned").exists()


def test_what_stands_after_two_dashes_is_no_option(refused):
    refused(["new", "--", "-n"], "'-n': a repository is named like a package")


def test_an_empty_folder_is_told_how_to_get_a_configuration(started, refused):
    refused(["run"], "config/config.yaml", "`dendroflow new`", "--config")


def test_an_unknown_profile_is_named(started, refused, tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.yaml").write_text("experiments: [steps]\n")
    refused(["run", "--profile", "slrum"], "--profile slrum")
    assert not started


def test_make_calls_the_same_commands():
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    for command in ("new", "run", "plan", "audit", "prune", "find"):
        recipe = makefile.partition(f"\n{command}: setup")[2].partition("\n\n")[0]
        assert f"@$(DENDROFLOW) {command} " in recipe
        assert "snakemake" not in recipe


def test_the_page_shows_all_commands_and_the_snakefile_of_the_template():
    page = (CHECKOUT / "docs/own-repository.md").read_text(encoding="utf-8")
    for command in ("new", "run", "plan", "audit", "prune", "find"):
        assert f"| `dendroflow {command}" in page
    snakefile = (CHECKOUT / "template/Snakefile").read_text(encoding="utf-8")
    code = snakefile.partition("\n\n")[2]
    assert f"```python\n{code}```" in page
    assert f"dendroflow-{__version__}-py3-none-any.whl" in page
