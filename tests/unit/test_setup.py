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


def setup(checkout, *locks, without=(), python="python3"):
    tools = checkout / "tools"
    tools.mkdir(exist_ok=True)
    for name in TOOLS:
        path = sys.executable if name == "python3" else shutil.which(name)
        if name not in without and path and not (tools / name).exists():
            (tools / name).symlink_to(path)
    return subprocess.run(
        ["sh", checkout / "envs" / "setup.sh", *locks],
        env={"PATH": str(tools), "PYTHON": str(python), "HOME": os.devnull},
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


def test_an_environment_that_is_up_to_date_is_left_alone(checkout):
    wanted = subprocess.run(
        ["cksum"],
        stdin=(checkout / "envs" / "runtime.txt").open("rb"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / ".complete-runtime").write_text(f"{wanted} \n", encoding="utf-8")
    done = setup(checkout, "runtime")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_locks_are_pinned_by_hash_and_name_no_index():
    for name in ("runtime.txt", "develop.txt"):
        text = (CHECKOUT / "envs" / name).read_text(encoding="utf-8")
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith("#")]
        assert len(pins) > 50
        assert text.count("--hash=sha256:") >= len(pins)
        assert "http" not in text
        assert "--index-url" not in text.replace("--no-emit-index-url", "")
