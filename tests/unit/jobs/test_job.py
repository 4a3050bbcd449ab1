"""What every job leaves behind, and what stops it before it begins."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from dendroflow.errors import ConfigurationError
from dendroflow.jobs.configured import configured, digest_of_settings
from dendroflow.jobs.job import CODE_OF_RUN, LIBRARY_OF_RUN, RUN, Job
from dendroflow.plan.code import LIBRARY, library_digest

CHECKOUT = LIBRARY.parents[1]

JOB = """
import time
from types import SimpleNamespace
from dendroflow.errors import DendroflowError
from dendroflow.jobs.job import job

snakemake = SimpleNamespace(
    input=None, params=None, wildcards=None, threads=1, resources=None, config={{}},
    log=["results/logs/simulate/it.1.log"],
    output=SimpleNamespace(usage="results/benchmarks/simulate/it.1.tsv"),
)
with job(snakemake) as task:
    print("printed to", task.results)
    block = bytearray(80_000_000)
    while time.process_time() < 0.3:
        pass
    {end}
"""


def run(folder: Path, end: str, **environment: str) -> tuple[subprocess.CompletedProcess, Path]:
    """A job in a process of its own, which is started by one that is large."""
    inherited = {k: v for k, v in os.environ.items() if k not in (RUN, LIBRARY_OF_RUN, CODE_OF_RUN)}
    done = subprocess.run(
        [sys.executable, "-c", JOB.format(end=end)],
        cwd=folder,
        env=inherited | {"PYTHONPATH": str(LIBRARY.parent)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, folder / "results" / "benchmarks" / "simulate" / "it.1.tsv"


def log_of(folder: Path) -> Path:
    return folder / "results" / "logs" / "simulate" / "it.1.log"


def test_a_job_notes_what_it_took_itself(tmp_path):
    ballast = b"x" * 600_000_000
    done, path = run(tmp_path, "pass")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    del ballast
    head, row = path.read_text(encoding="utf-8").splitlines()
    took = dict(zip(head.split("\t"), map(float, row.split("\t")), strict=True))
    assert list(took) == ["s", "cpu_s", "max_rss_mb"]
    assert took["cpu_s"] >= 0.3
    assert 76 < took["max_rss_mb"] < 400
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert log_of(tmp_path).read_text(encoding="utf-8") == "printed to results\n"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("raise DendroflowError('no such thing')", "no such thing"),
        ("raise ValueError('no\\nnumber')", "ValueError: no number (see {log}.traceback)"),
        (
            "raise OSError(28, 'No space left on device', 'x')",
            "no space is left on the disk: free some, and run snakemake again ([Errno 28] No space "
            "left on device: 'x') (see {log}.traceback)",
        ),
    ],
)
def test_a_job_that_fails_says_why_in_one_line(tmp_path, end, said):
    done, path = run(tmp_path, end)
    assert done.returncode == 1
    assert not path.exists()
    assert done.stderr == said.format(log=log_of(tmp_path).relative_to(tmp_path)) + "\n"
    logged = log_of(tmp_path).read_text(encoding="utf-8")
    assert said.split(" (see")[0] in logged
    assert "Traceback" not in logged
    details = log_of(tmp_path).with_name("it.1.log.traceback")
    assert details.read_text(encoding="utf-8").startswith("Traceback")
    # Of an earlier attempt nothing is left.
    assert run(tmp_path, "pass")[0].returncode == 0
    assert not details.exists()


def test_a_job_refuses_another_library_than_that_of_the_plan(tmp_path):
    done, path = run(tmp_path, "raise AssertionError", **{LIBRARY_OF_RUN: "/elsewhere/dendroflow"})
    assert done.returncode == 1
    assert done.stderr == (
        f"this job imports dendroflow from {LIBRARY}, and the run was planned by that of "
        "/elsewhere/dendroflow: remove one of them from the environment\n"
    )
    assert not path.exists()
    planned = {LIBRARY_OF_RUN: str(LIBRARY), CODE_OF_RUN: library_digest()}
    assert run(tmp_path, "pass", **planned)[0].returncode == 0
    done, _ = run(tmp_path, "raise AssertionError", **planned | {CODE_OF_RUN: "0" * 16})
    assert done.stderr == (
        "dendroflow's own code changed since the run began; run snakemake again\n"
    )


@pytest.fixture
def project(tmp_path):
    """A configuration with one experiment, as Snakemake hands it to rules and jobs."""
    folder = tmp_path / "config"
    (folder / "experiments").mkdir(parents=True)
    content = yaml.safe_load((CHECKOUT / "config/experiments/hh_temperature.yaml").read_text())
    path = folder / "experiments" / "steps.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path, content, {"experiments": ["steps"], "folder": str(folder)}


def job_of(config, *keys):
    """A job, planned with the configuration of now."""
    settings = digest_of_settings(configured(config), "steps", keys)
    return Job(
        SimpleNamespace(
            log=["results/logs/render_figures/steps.log"],
            config=config,
            params={"settings": settings},
            wildcards=SimpleNamespace(experiment="steps", get={"experiment": "steps"}.get),
            **dict.fromkeys(("input", "output", "threads", "resources")),
        )
    )


def test_a_job_reads_the_configuration_by_name(project):
    _, content, config = project
    job = job_of(config, "title", "figures")
    assert job.declared.title == content["title"]
    assert (job.experiment, job.results) == ("steps", Path("results"))


@pytest.mark.parametrize(
    ("keys", "change", "stops"),
    [
        (["title", "figures"], {"title": "Another"}, True),
        (["title", "figures"], {"figures": []}, True),
        (["title", "figures"], {"description": "Another"}, False),
        (["features"], {"title": "Another", "figures": []}, False),
        (["project.audit"], {"title": "Another"}, False),
    ],
)
def test_a_job_stops_if_what_it_uses_has_changed(project, keys, change, stops):
    path, content, config = project
    job = job_of(config, *keys)
    path.write_text(yaml.safe_dump(content | change), encoding="utf-8")
    if stops:
        with pytest.raises(ConfigurationError, match=f"{', '.join(keys)}: changed since the run"):
            job.configuration  # noqa: B018
    else:
        assert job.declared.description == (content | change).get("description", "")


def test_the_digest_names_its_keys_and_follows_their_values(project):
    path, content, config = project
    digests = [digest_of_settings(configured(config), "steps", ["title"])]
    for other in ({"title": "Another"}, {"description": "Another"}, {}):
        path.write_text(yaml.safe_dump(content | other), encoding="utf-8")
        digests.append(digest_of_settings(configured(config), "steps", ["title"]))
    assert all(digest.startswith("title ") for digest in digests)
    assert digests[0] == digests[2] == digests[3] != digests[1]
    of_project = [
        digest_of_settings(configured(config | {"audit": {"seed": n}}), None, ["project.audit"])
        for n in (1, 2, 1)
    ]
    assert of_project[0] == of_project[2] != of_project[1]
