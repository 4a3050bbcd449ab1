"""The command `dendroflow`: run a configuration, look at it, or begin a repository of one's own."""

import argparse
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import dendroflow
from dendroflow.commands import CONFIG
from dendroflow.errors import DendroflowError, printable

# Commands that say something, by what their modules do.
SAYS: Mapping[str, Callable[[Any, argparse.Namespace], str]] = {
    "new": lambda module, options: module.new(options.folder, options.wheel),
    "morphology": lambda module, options: (
        module.mend_file(options)
        if options.action == "mend"
        else module.add(options.config, options)
    ),
    "trace": lambda module, options: module.trace(options),
    "archive": lambda module, options: (
        module.check(options.target)
        if options.check
        else module.archive(options.config, options.target)
    ),
    "prune": lambda module, options: module.prune(
        options.config, options.keep, delete=options.delete
    ),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; by default, that of this process.

    Return the exit code: 0 if all went well, 1 if not, 2 for a wrong command line, and 128 and the
    number of the signal that has stopped it.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    starts = words[:1] in (["run"], ["plan"], ["audit"])
    end = words.index("--") if starts and "--" in words else len(words)
    own, rest = words[:end], words[end + 1 :]
    options = _parser().parse_args(own)
    try:
        return _do(options, rest)
    except DendroflowError as error:
        print(f"dendroflow: {error}", file=sys.stderr)
    except OSError as error:
        print(f"dendroflow: {error.filename or ''}: {error.strerror or error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("dendroflow: interrupted; the same command goes on", file=sys.stderr)
        return 128 + signal.SIGINT
    return 1


def _do(options: argparse.Namespace, rest: list[str]) -> int:
    """Do what is asked for, and return the exit code."""
    if options.command in ("run", "plan", "audit"):
        from dendroflow.commands.run import COMMANDS, Workflow

        workflow = Workflow(options.config, options.cores, options.profile, tuple(rest))
        return COMMANDS[options.command](workflow)
    if options.command == "find":
        from dendroflow.commands.find import find

        return find(options)
    if options.command == "convert":
        return _convert(options)
    print(_said(options))
    return 0


def _said(options: argparse.Namespace) -> str:
    """What a command says; no more is imported than it needs."""
    module = import_module(f"dendroflow.commands.{options.command}")
    return str(SAYS[options.command](module, options))


def _convert(options: argparse.Namespace) -> int:
    from dendroflow.commands.bluepyopt import Remarks
    from dendroflow.commands.convert import convert

    remarks = Remarks()
    try:
        folder, config = options.folder, options.config.parent
        print(convert(folder, config, options.morphology, remarks, options.output))
    finally:
        for remark in remarks:
            print(f"look at: {printable(remark)}", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dendroflow", description=__doc__)
    parser.add_argument(
        "--version", action="version", version=f"dendroflow {dendroflow.__version__}"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    configured = argparse.ArgumentParser(add_help=False)
    configured.add_argument("--config", type=Path, default=CONFIG, help=f"default: {CONFIG}")

    def command(name: str, purpose: str) -> argparse.ArgumentParser:
        description = f"{purpose[:1].upper()}{purpose[1:]}."
        parents = [] if name == "new" else [configured]
        return commands.add_parser(name, help=purpose, description=description, parents=parents)

    new = command("new", "make a repository with a model, an experiment and a figure of its own")
    new.add_argument("folder", type=Path, help="does not exist yet; its name is the repository's")
    new.add_argument("--wheel", type=Path, help="of this version, instead of one that is made now")
    for name, purpose in (
        (
            "run",
            "simulate what is missing, gather, draw, report; arguments after -- are Snakemake's",
        ),
        ("plan", "say how many points are requested, cached and new; write the table of points"),
        ("audit", "simulate a random sample of the stored points again, compare to the last bit"),
    ):
        runs = command(name, purpose)
        runs.add_argument("--cores", type=_positive, help="default: all of this machine")
        runs.add_argument(
            "--profile", default="default", help="a folder of profiles/ here, or of dendroflow's"
        )
    prune = command("prune", "list what no configuration asks for")
    prune.add_argument("--delete", action="store_true", help="remove it")
    prune.add_argument(
        "--keep", nargs="+", type=Path, default=[], metavar="FILE", help="more configurations"
    )
    _add_morphology(command("morphology", "add cells to the catalogue; mend an SWC file"))
    shown = command("trace", "list what was recorded at a point; write it as CSV or draw it")
    shown.add_argument("point", help="its point_id, or the first letters of it")
    shown.add_argument("--signal", nargs="+", default=[], help="only these")
    shown.add_argument("--output", type=Path, metavar="FILE", help=".csv, .png, .svg or .pdf")
    pack = command("archive", "pack the repository and its results for a paper's data repository")
    pack.add_argument("target", type=Path, help="a folder, or a file that ends in .zip")
    pack.add_argument(
        "--check", action="store_true", help="compare what is there with its checksums instead"
    )
    convert = command("convert", "make a model and an experiment of what another tool has")
    convert.add_argument("tool", choices=["bluepyopt"], help="whose files they are")
    convert.add_argument("folder", type=Path, help="with parameters.json, protocols.json, ...")
    convert.add_argument(
        "--morphology", default="cell", help="its entry in morphologies.yaml; default: cell"
    )
    convert.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="the experiment, whose name the model gets; default: experiments/<folder>.yaml",
    )
    find = command("find", "find cells of NeuroMorpho.Org by their metadata")
    find.add_argument(
        "criteria",
        nargs="+",
        metavar="criterion",
        help="field=value, which NeuroMorpho.Org selects by, or field~text, which it must contain",
    )
    find.add_argument("--show", type=_positive, default=20, help="how many cells to show at most")
    find.add_argument("--read", type=_positive, default=10_000, help="how many to read at most")
    return parser


def _add_morphology(cells: argparse.ArgumentParser) -> None:
    actions = cells.add_subparsers(dest="action", required=True, metavar="action")
    add = actions.add_parser(
        "add", help="add files, or all of a folder, to the catalogue; pin those that have no pin"
    )
    add.add_argument(
        "cells",
        nargs="*",
        help="SWC, Neurolucida and HDF5 files, folders or zip archives of them, or criteria of "
        "NeuroMorpho.Org, as of find",
    )
    add.add_argument("--group", help="under which they are swept together")
    add.add_argument(
        "--most", type=_positive, default=100, help="how many of NeuroMorpho.Org's cells to add"
    )
    add.add_argument("--mend", action="store_true", help="mend SWC files that are refused")
    add.add_argument("--unit", default="um", help=(unit := "of lengths: um, nm, or a number of µm"))
    mend = actions.add_parser(
        "mend", help="list all that is wrong in an SWC file and how it is mended; write the cell"
    )
    mend.add_argument("file", type=Path, help="which stays as it is")
    mend.add_argument("--output", type=Path, metavar="FILE", help="where the mended cell goes")
    mend.add_argument("--unit", default="um", help=unit)
    mend.add_argument("--soma", type=int, metavar="ID", help="of the point that is the soma")
    mend.add_argument("--label", choices=["axon", "dendrite", "apical"], help="of type 0")
    mend.add_argument(
        "--join",
        type=float,
        default=10.0,
        metavar="UM",
        help="distance up to which trees are joined",
    )
    mend.add_argument(
        "--floor", type=float, default=0.1, metavar="UM", help="radius of points that have none"
    )
    mend.add_argument("--repeated", action="store_true", help="leave out points that repeat others")
    mend.add_argument("--axon", choices=["drop", "stub"], help="remove the axon, or replace it")


def _positive(text: str) -> int:
    """A number for argparse, which names the argument if this fails."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number
