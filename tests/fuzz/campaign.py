"""Throw damaged files and random designs at everything that reads what strangers write.

Usage: campaign.py [--inputs 10000] [--sample 500] [--seed 1] [--kept FOLDER] [target ...]

Each input is read under an alarm. A finding is an error that is none of dendroflow's, a message
that is not one printable line, an input that takes longer than five seconds, and an accepted cell
or design that is not what was written. A sample of the accepted cells is read by MorphIO, and goes
through Import3d of NEURON. Findings are kept as files; the last lines are the table of counts.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LIBRARY = [str(HERE.parents[1] / "scripts"), str(HERE.parent), str(HERE.parent / "support")]
sys.path[:0] = LIBRARY

from fuzz.readers import TARGETS, try_out  # noqa: E402

LONGEST_S = 5
SUFFIX = {"SWC": "swc", "mend": "swc", "Neurolucida": "asc"}


class HangError(Exception):
    """An input took too long."""


def _alarm(*_: Any) -> None:
    raise HangError(f"not read within {LONGEST_S} s")


def fuzz(
    name: str, inputs: int, seed: int, folder: Path, kept: Path | None = None, sample: int = 0
) -> tuple[Counter[str], list[Path]]:
    """Read so many inputs of a target; returns how many ended how, and some accepted cells."""
    target, counts, accepted = TARGETS[name], Counter[str](), []
    signal.signal(signal.SIGALRM, _alarm)
    for k in range(inputs):
        content = target.make(random.Random(f"{name} {seed} {k}"))
        signal.alarm(LONGEST_S)
        try:
            read = try_out(target, content, folder)
        except Exception as error:
            counts[f"{type(error).__name__}: {str(error)[:80]}"] += 1
            if kept is not None:
                kept.mkdir(parents=True, exist_ok=True)
                data = content if isinstance(content, bytes) else repr(content).encode()
                (kept / f"{name}-{seed}-{k}").write_bytes(data)
                (kept / f"{name}-{seed}-{k}.txt").write_text(traceback.format_exc())
            continue
        finally:
            signal.alarm(0)
        counts["refused" if read is None else "accepted"] += 1
        if read is not None and name in SUFFIX and len(accepted) < sample:
            path = folder / f"{k:06d}.{SUFFIX[name]}"
            path.write_bytes(read if isinstance(read, bytes) else content)
            accepted.append(path)
    return counts, accepted


def compared(files: list[Path]) -> tuple[Counter[str], list[str]]:
    """What MorphIO and NEURON make of accepted cells: counts, and the files that matter."""
    counts, told = Counter[str](), []
    while files:
        with tempfile.TemporaryDirectory() as folder:
            for path in files:
                (Path(folder) / path.name).write_bytes(path.read_bytes())
            run = subprocess.run(
                [sys.executable, HERE / "independent.py", folder],
                env={
                    "PYTHONPATH": ":".join(LIBRARY),
                    "NEURON_MODULE_OPTIONS": "-nogui -NFRAME 20000 -NSTACK 200000",
                },
                capture_output=True,
                text=True,
                check=False,
            )
        said = [json.loads(x) for x in run.stdout.splitlines() if x.startswith('{"file"')]
        for answer in said:
            for reader in ("morphio", "neuron"):
                if reader in answer:
                    word, _, reason = answer[reader].partition(": ")
                    counts[f"{reader} {word}"] += 1
                    told += [f"{answer['file']}: {reader}: {reason}"] if word != "same" else []
        done = {answer["file"] for answer in said if "neuron" in answer}
        files = [path for path in files if path.name not in done]
        if files and run.returncode:
            counts[f"crash of the reader ({run.returncode})"] += 1
            told.append(f"{files[0].name}: {run.stderr.strip().splitlines()[-1:]}")
            files = files[1:]
    return counts, told


def main() -> int:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", default=list(TARGETS), metavar="target")
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--sample", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-findings")
    options = parser.parse_args()
    findings = 0
    rows = ["| reader | inputs | refused | accepted | findings | MorphIO | NEURON |"]
    rows.append("|---|---|---|---|---|---|---|")
    for name in options.targets:
        with tempfile.TemporaryDirectory() as folder:
            counts, accepted = fuzz(
                name, options.inputs, options.seed, Path(folder), options.kept, options.sample
            )
            cells, told = compared(accepted)
        wrong = counts.total() - counts["refused"] - counts["accepted"]
        findings += wrong
        print(name, dict(counts), dict(cells), *told, sep="\n  ", flush=True)
        others = [
            ", ".join(f"{n} {k.partition(' ')[2]}" for k, n in cells.items() if k.startswith(r))
            for r in ("morphio", "neuron")
        ]
        counted = [options.inputs, counts["refused"], counts["accepted"], wrong]
        rows.append(
            "| " + " | ".join([name, *map(str, counted), *(o or "-" for o in others)]) + " |"
        )
    print(*rows, sep="\n")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
