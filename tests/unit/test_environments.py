"""The conda environment and the containers are made of the same lock as .venv."""

import ast
import importlib.util
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).parents[2]
ENVS = CHECKOUT / "envs"
PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==(\S+)", re.MULTILINE)


def text(name):
    return (ENVS / name).read_text(encoding="utf-8")


def locked():
    return dict(PIN.findall(text("runtime.txt")))


@pytest.fixture(scope="module")
def conda():
    return yaml.safe_load(text("environment.yaml"))


def pip_lines(environment):
    (pip,) = [part["pip"] for part in environment["dependencies"] if isinstance(part, dict)]
    return pip


def test_the_conda_environment_holds_every_pin_and_hash_of_the_lock(conda):
    lines = pip_lines(conda)
    assert dict(PIN.findall("\n".join(lines))) == locked()
    lock = re.sub(r" *\\\n *", " ", text("runtime.txt"))
    wanted = [line.split() for line in lock.splitlines() if line and line[0] not in " #"]
    assert [line.split() for line in lines] == wanted
    assert all("--hash=sha256:" in line for line in lines)


def test_the_conda_environment_refers_to_no_other_file(conda):
    """Snakemake copies the file elsewhere before conda reads it."""
    assert not [line for line in pip_lines(conda) if line.startswith("-")]


def test_make_lock_writes_the_conda_environment():
    spec = importlib.util.spec_from_file_location("conda_environment", ENVS / "conda.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.environment(text("runtime.txt")) == text("environment.yaml")
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    assert "envs/conda.py" in makefile.partition("lock:")[2].partition("\n\n")[0]


def test_pip_reads_the_conda_environment(conda, tmp_path):
    from pip._internal.network.session import PipSession
    from pip._internal.req.req_file import parse_requirements

    file = tmp_path / "requirements.txt"
    file.write_text("\n".join(pip_lines(conda)), encoding="utf-8")
    read = list(parse_requirements(str(file), PipSession()))
    assert len(read) == len(pip_lines(conda))
    assert all(requirement.options["hashes"]["sha256"] for requirement in read)


@pytest.mark.parametrize("name", ["Containerfile", "apptainer.def"])
def test_containers_install_the_lock_with_its_python_and_compilers(name, conda):
    recipe = text(name)
    assert "sh envs/setup.sh runtime\n" in recipe
    assert not re.search(r"\b(pip|uv|conda)3? install\b", recipe)
    (python,) = re.findall(r"^(?:FROM|From:) docker\.io/library/python:(\d+\.\d+)-", recipe, re.M)
    assert f"python={python}" in conda["dependencies"]
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r"--python-version (\S+)", makefile)) == {python}
    (tools,) = re.findall(r"install -y --no-install-recommends (.*?) *\\?\n", recipe)
    (named,) = re.findall(r"apt install ([^()]*)\)\"\ndone", text("setup.sh"))
    assert set(tools.split()) == set(named.split())


def test_the_two_containers_take_the_same_files():
    copied = set(re.findall(r"^COPY (\S+) ", text("Containerfile"), re.M))
    assert copied == set(re.findall(r"^    (\S+) /opt/dendroflow/", text("apptainer.def"), re.M))
    assert all((CHECKOUT / name).exists() for name in copied)
    used = re.findall(r'^include: "(\w+)/', (CHECKOUT / "Snakefile").read_text(), re.M)
    assert {*used, "Snakefile", "scripts", "envs", "config", "profiles"} == copied


def test_what_is_tested_is_what_is_locked():
    pins = locked()
    for name in ("neuron", "efel", "numpy", "pandas", "snakemake", "morphio"):
        assert version(name) == pins[name]
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["requires-python"] == ">=3.11"
    assert sys.version_info >= (3, 11)


def test_whatever_a_locked_package_requires_is_locked():
    """With hashes, an installation stops at the first package that is not."""
    pins = locked()
    missing = set()
    for name in pins:
        try:
            wanted = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            continue  # of another system
        here = [r for r in wanted if r.marker is None or r.marker.evaluate({"extra": ""})]
        missing |= {f"{name}: {r.name}" for r in here if canonicalize_name(r.name) not in pins}
    assert not missing


def imported():
    """Distributions that the library, the scripts, the models and the rules import."""
    models = list((CHECKOUT / "config/models").rglob("*.py"))
    code = [*(CHECKOUT / "scripts").rglob("*.py"), *models]
    modules = set()
    for file in code:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(node.module)
    for file in [CHECKOUT / "Snakefile", *(CHECKOUT / "rules").glob("*.smk")]:
        lines = file.read_text(encoding="utf-8")
        modules |= set(re.findall(r"^(?:from|import) ([\w.]+)", lines, re.M))
    origins = packages_distributions()
    tops = {name.partition(".")[0] for name in modules} - {"dendroflow"}
    tops -= {file.stem for file in models}  # helpers beside a model
    return {canonicalize_name(origins[name][0]) for name in tops - sys.stdlib_module_names}


def test_whatever_is_imported_is_asked_for_and_not_only_what_others_require():
    declared = re.findall(r"^[A-Za-z0-9._-]+", text("runtime.in"), re.M)
    needed = imported()
    assert {"neuron", "psutil", "snakemake"} <= needed
    assert needed <= {canonicalize_name(name) for name in declared}


@pytest.mark.parametrize("name", ["runtime", "develop"])
def test_the_lock_says_what_is_asked_for(name):
    """Whoever adds a line to the list, and does not lock anew, is told."""
    pattern = r"^([a-z0-9][a-z0-9.-]*)==(?:.*\n)(?:    --.*\n)*((?:    #.*\n)+)"
    found = re.findall(pattern, text(f"{name}.txt"), re.M)
    asked = {pin for pin, via in found if re.search(r"-r runtime\.in$", via, re.M)}
    declared = re.findall(r"^[A-Za-z0-9._-]+", text("runtime.in"), re.M)
    assert asked == {canonicalize_name(line) for line in declared}
