"""`envs/setup.sh` names what is missing in one line, before it installs anything."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "cat", "cksum", "tr", "echo", "rm", "sed", "make", "g++", "python3")


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    (folder / "envs").mkdir(parents=True)
    for name in ("setup.sh", "runtime.txt", "develop.txt"):
        shutil.copy(CHECKOUT / "envs" / name, folder / "envs")
    return folder


def setup(checkout, *locks, without=(), python="python3", **variables):
    tools = checkout / "tools"
    tools.mkdir(exist_ok=True)
    for name in TOOLS:
        path = sys.executable if name == "python3" else shutil.which(name)
        if name not in without and path and not (tools / name).exists():
            (tools / name).symlink_to(path)
    return subprocess.run(
        ["sh", checkout / "envs" / "setup.sh", *locks],
        env={"PATH": str(tools), "PYTHON": str(python), "HOME": os.devnull, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("tool", ["g++", "make", "python3"])
def test_a_missing_tool_is_named(checkout, tool):
    refused = setup(checkout, "runtime", without=[tool])
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"dendroflow: there is no {tool}; ")
    assert len(refused.stderr.splitlines()) == 1
    assert not refused.stdout
    assert not (checkout / ".venv").exists()


def test_an_old_python_is_named(checkout):
    old = checkout / "old-python"
    old.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n',
        encoding="utf-8",
    )
    old.chmod(0o755)
    refused = setup(checkout, "runtime", python=old)
    assert refused.returncode == 1
    assert refused.stderr == (
        "dendroflow: Python 3.9.2 is too old; Python 3.11 or newer is needed (PYTHON=...)\n"
    )
    assert not (checkout / ".venv").exists()


def refused(done, *parts):
    assert done.returncode == 1
    assert not done.stdout
    assert len(done.stderr.splitlines()) == 1
    assert all(part in done.stderr for part in ("dendroflow: ", *parts)), done.stderr


def test_a_path_with_a_blank_is_refused_with_the_remedy(checkout, tmp_path):
    """NEURON's compiler of mechanisms would fail in such an environment."""
    blank = checkout.rename(tmp_path / "a paper")
    refused(setup(blank, "runtime"), f"({blank}/.venv)", "make run VENV=")
    refused(setup(checkout.parent / "a paper", "runtime", VENV="an other"), "an other)")
    elsewhere = tmp_path / "elsewhere"
    complete(blank, elsewhere)
    done = setup(blank, "runtime", VENV=str(elsewhere))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_wheel_that_the_lock_asks_for_is_missed(checkout):
    lock = checkout / "envs" / "runtime.txt"
    lock.write_text(f"# Written.\n./vendor/a-1.whl \\\n    --hash=sha256:{'0' * 64}\n")
    refused(setup(checkout, "runtime"), "envs/runtime.txt asks for ./vendor/a-1.whl")
    assert not (checkout / ".venv").exists()


def complete(checkout, environment):
    """Note that the environment holds what the lock asks for."""
    wanted = subprocess.run(
        ["cksum"],
        stdin=(checkout / "envs" / "runtime.txt").open("rb"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    environment.mkdir()
    (environment / ".complete-runtime").write_text(f"{wanted} \n", encoding="utf-8")


def test_an_environment_that_is_up_to_date_is_left_alone(checkout):
    complete(checkout, checkout / ".venv")
    done = setup(checkout, "runtime")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_locks_are_pinned_by_hash_and_name_no_index():
    for name in ("runtime.txt", "test.txt", "develop.txt"):
        text = (CHECKOUT / "envs" / name).read_text(encoding="utf-8")
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
        assert len(pins) > (50 if name != "test.txt" else 3)
        assert text.count("--hash=sha256:") >= len(pins)
        assert "http" not in text
        assert "--index-url" not in text.replace("--no-emit-index-url", "")
