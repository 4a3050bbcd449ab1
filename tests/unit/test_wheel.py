"""The wheel holds all that runs, once, and can be made again of what was installed from it."""

import email
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

import dendroflow
from dendroflow.commands.wheel import write_wheel

CHECKOUT = Path(__file__).parents[2]
PACKAGED = PurePosixPath("dendroflow/workflow")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return write_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.fixture
def site(wheel, tmp_path):
    """A folder in which it is installed, as pip and uv would but for what they add."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    return tmp_path / "site"


def run_in(site, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "dendroflow", *arguments],
        cwd=site.parent,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def notes(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_it_holds_the_workflow_as_it_lies_in_the_checkout(names):
    for pattern in ("Snakefile", "scripts/*.py", "envs/*.*"):
        files = list(CHECKOUT.glob(pattern))
        assert files
        for file in files:
            assert str(PACKAGED / file.relative_to(CHECKOUT).as_posix()) in names
    for folder in ("rules", "profiles", "template", "config/schemas"):
        for file in (CHECKOUT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                assert str(PACKAGED / file.relative_to(CHECKOUT).as_posix()) in names


def test_it_holds_the_library_once(names):
    library = CHECKOUT / "scripts"
    for file in (library / "dendroflow").rglob("*.py"):
        relative = file.relative_to(library).as_posix()
        assert [name for name in names if name.endswith(relative)] == [relative]


def test_it_holds_nothing_else(names):
    assert len(names) == len(set(names))
    assert not [name for name in names if "__pycache__" in name or name.endswith("/")]
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"dendroflow", f"dendroflow-{dendroflow.__version__}.dist-info"}


def test_it_requires_what_the_lock_is_made_of(wheel):
    declared = (CHECKOUT / "envs/runtime.in").read_text().splitlines()[1:]
    required = notes(wheel).get_all("Requires-Dist")
    assert sorted(one for one in required if "extra ==" not in one) == sorted(declared)
    assert notes(wheel)["Version"] == dendroflow.__version__


def test_the_version_is_that_of_the_citation():
    citation = (CHECKOUT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {dendroflow.__version__}\n" in citation


def test_a_checkout_uses_its_own_snakefile():
    assert dendroflow.snakefile() == CHECKOUT / "Snakefile"


def test_installed_it_uses_the_one_that_it_brings(site):
    code = "import dendroflow; print(dendroflow.snakefile())"
    said = subprocess.run(
        [sys.executable, "-c", code],
        cwd=site.parent,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(said.stdout.strip()) == site / PACKAGED / "Snakefile"
    assert Path(said.stdout.strip()).is_file()


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_installed_files_make_the_same_wheel_again(site, wheel):
    information = next(site.glob("*.dist-info"))
    record = information / "RECORD"
    # What pip and uv add: bytecode, the command, where it came from.
    added = (
        f"dendroflow/__pycache__/x.pyc,,\n../../bin/dendroflow,,\n{information.name}/INSTALLER,,\n"
    )
    record.write_text(record.read_text() + added)
    (information / "INSTALLER").write_text("pip\n")
    made = run_in(site, "new", "paper")
    assert made.returncode == 0, made.stderr
    again = site.parent / "paper/vendor" / wheel.name
    assert digest(again) == digest(wheel)
    assert digest(again) in (site.parent / "paper/envs/dendroflow.txt").read_text()


def test_a_file_that_has_changed_since_makes_none(site):
    (site / "dendroflow/errors.py").open("a").write("# mine\n")
    refused = run_in(site, "new", "paper")
    assert refused.returncode == 1
    assert "errors.py: has changed since it was installed" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (site.parent / "paper").exists()


def test_files_that_were_not_installed_make_none(site):
    shutil.rmtree(next(site.glob("*.dist-info")))
    refused = run_in(site, "new", "paper")
    assert refused.returncode == 1
    assert "name a --wheel" in refused.stderr
    assert refused.stderr.count("\n") == 1
