"""A repository is made whole, or not at all."""

from hashlib import sha256

import pytest

from dendroflow import __version__
from dendroflow.commands import new as module
from dendroflow.commands import wheel as wheels
from dendroflow.commands.new import new
from dendroflow.errors import PackageError

WHEEL = f"dendroflow-{__version__}-py3-none-any.whl"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """A wheel that takes no time."""

    def write(folder):
        (folder / WHEEL).write_bytes(b"a wheel")
        return folder / WHEEL

    monkeypatch.setattr(module, "write_wheel", write)


def refused(path, *parts, wheel=None):
    """Refuse to make a repository, in one line, and leave everything as it was."""
    before = sorted(path.parent.rglob("*")) if path.parent.exists() else None
    with pytest.raises(PackageError) as caught:
        new(path, wheel)
    assert "\n" not in str(caught.value)
    assert all(part in str(caught.value) for part in parts), caught.value
    assert before == (sorted(path.parent.rglob("*")) if path.parent.exists() else None)


def wheel_of(folder, name, version):
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    return wheels._packed({f"{name}-{version}.dist-info/METADATA": text.encode()}, folder)


def test_all_parts_are_there_and_named(tmp_path):
    folder = tmp_path / "Stellate.cells-2"
    said = new(folder)
    assert {
        *("Snakefile", "Makefile", "README.md", ".gitignore", "scripts/figure.py"),
        *("config/config.yaml", "config/experiments/current_steps.yaml", "envs/setup.sh"),
        *("config/models/soma/model.py", "config/models/soma/leak.mod", "tests/test_results.py"),
        *("envs/runtime.txt", "envs/test.txt", "envs/dendroflow.txt", f"vendor/{WHEEL}"),
    } == {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for name in ("README.md", "Snakefile"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "Stellate.cells-2" in text
        assert "my-paper" not in text
    lock = (folder / "envs/dendroflow.txt").read_text()
    assert f"./vendor/{WHEEL} \\\n    --hash=sha256:{sha256(b'a wheel').hexdigest()}\n" in lock
    assert [line for line in said.splitlines() if "make run" in line]
    assert "VENV" not in said
    # Not only for the one who made it.
    assert oct(folder.stat().st_mode) == oct((folder / "config").stat().st_mode)


def test_a_path_with_a_blank_is_told_where_the_environment_may_lie(tmp_path):
    (tmp_path / "größe x").mkdir()
    assert "make run VENV=$HOME/.venvs/paper " in new(tmp_path / "größe x" / "paper")


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "paper").mkdir()
    new(tmp_path / "paper")
    assert (tmp_path / "paper/Snakefile").exists()


def test_what_is_there_is_left_alone(tmp_path):
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper/.hidden").touch()
    refused(tmp_path / "paper", "paper: is there already")
    (tmp_path / "file").touch()
    refused(tmp_path / "file", "file: is there already")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    refused(tmp_path / "link", "link: is there already")


@pytest.mark.parametrize("name", ["my paper", "größe", "-n", "paper.", "a/..", "x\n"])
def test_a_name_is_that_of_a_package(tmp_path, name):
    refused(tmp_path / name, "is named like a package of Python")


def test_the_folder_that_it_lies_in_is_there(tmp_path):
    refused(tmp_path / "no" / "paper", "no: there is no such folder")


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), PackageError("no")])
def test_nothing_is_left_half_made(tmp_path, monkeypatch, error):
    def fail(folder):
        (folder / "half").touch()
        raise error

    monkeypatch.setattr(module, "write_wheel", fail)
    with pytest.raises(type(error)):
        new(tmp_path / "paper")
    assert not list(tmp_path.iterdir())


def test_a_wheel_of_this_version_is_taken_as_it_is(tmp_path):
    wheel = wheel_of(tmp_path, "dendroflow", __version__)
    new(tmp_path / "paper", wheel)
    assert (tmp_path / "paper/vendor" / WHEEL).read_bytes() == wheel.read_bytes()


def test_another_version_than_that_of_the_lock_is_refused(tmp_path):
    wheel = wheel_of(tmp_path, "dendroflow", "0.1.9")
    refused(tmp_path / "paper", "is version 0.1.9", f"lock is that of {__version__}", wheel=wheel)


def test_what_is_no_wheel_of_dendroflow_is_refused(tmp_path):
    refused(tmp_path / "paper", "wheel of numpy", wheel=wheel_of(tmp_path, "numpy", __version__))
    (tmp_path / "x.whl").write_text("PK, or not")
    refused(tmp_path / "paper", "x.whl: cannot be read as a wheel", wheel=tmp_path / "x.whl")
    refused(tmp_path / "paper", "y.whl: cannot be read", wheel=tmp_path / "y.whl")
