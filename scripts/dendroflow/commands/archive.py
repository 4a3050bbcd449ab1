"""One archive of a paper's simulations: what was asked, what came out, and how to make it again."""

import hashlib
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import dendroflow
from dendroflow import layout
from dendroflow.commands import RESULTS
from dendroflow.errors import StoreError
from dendroflow.plan.leftovers import leftovers
from dendroflow.plan.planning import make_plan
from dendroflow.plan.requested import requested
from dendroflow.report.contents import Contents, read
from dendroflow.report.references import references
from dendroflow.report.supplement import as_latex, methods, parameters
from dendroflow.settings.project import Configuration, load, read_yaml

CHECKSUMS = "SHA256SUMS"
# Made again from what is there: machines differ.
MADE_AGAIN = {"mechanisms", "logs", "benchmarks", "scratch", "rxd", ".lock"}
NOT_OF_THE_REPOSITORY = {"results", ".venv", ".snakemake", ".git", "__pycache__"}
PROFILES = (
    "https://w3id.org/ro/wfrun/process/0.5",
    "https://w3id.org/ro/wfrun/workflow/0.5",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
)


def archive(config: Path, target: Path) -> str:
    """Write a folder or, if its name ends in `.zip`, a file; return what it holds.

    It holds the repository with its locks, the results that the configuration asks for, a table of
    parameters, a paragraph of methods, BibTeX, checksums, and metadata as a Workflow Run RO-Crate.

    Raises
    ------
    StoreError
        If something is there already, or the configuration has not run to its end.
    """
    if target.exists():
        raise StoreError(f"{target}: is there already; name a file or folder that is not")
    configuration = load(read_yaml(config), config)
    _refuse_unfinished(configuration)
    folder = target.with_name(f".{target.name}.part")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        files = [*_of_repository(), *_of_results(configuration)]
        for path in files:
            copy = folder / path
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        _describe(configuration, folder)
        (folder / CHECKSUMS).write_text(_checksums(folder), encoding="utf-8")
        if target.suffix == ".zip":
            packed = folder.with_suffix(".zip")
            _pack(folder, packed)
            packed.rename(target)
        else:
            folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".zip").unlink(missing_ok=True)
    return (
        f"{target}: {len(files)} files of the repository and the results; "
        f"`dendroflow archive --check {target}` compares them with their checksums"
    )


def check(target: Path) -> str:
    """Compare an archive with its checksums.

    Raises
    ------
    StoreError
        If a file is missing, or another than it was, or there is one more.
    """
    packed = target.is_file()
    if not target.exists() or (packed and not zipfile.is_zipfile(target)):
        raise StoreError(f"{target}: there is no such archive")
    if packed:
        with zipfile.ZipFile(target) as content:
            names = {name for name in content.namelist() if not name.endswith("/")}
            return _compare(target, names, content.read)
    inside = (path.relative_to(target) for path in target.rglob("*") if path.is_file())
    names = {path.as_posix() for path in inside}
    return _compare(target, names, lambda name: (target / name).read_bytes())


def _compare(target: Path, names: set[str], read: Callable[[str], bytes]) -> str:
    if CHECKSUMS not in names:
        raise StoreError(f"{target}: is no archive of dendroflow, or lost its {CHECKSUMS}")
    lines = read(CHECKSUMS).decode("utf-8").splitlines()
    known = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for name in sorted(known.keys() | names - {CHECKSUMS}):
        if name not in names:
            raise StoreError(f"{target}: {name} is missing: get the archive again")
        if name not in known:
            raise StoreError(f"{target}: {name} was added after it was written")
        if hashlib.sha256(read(name)).hexdigest() != known[name]:
            raise StoreError(f"{target}: {name} is not what it was: get the archive again")
    return f"{target}: all {len(known)} files are as they were written"


def _refuse_unfinished(configuration: Configuration) -> None:
    for name in configuration.experiments:
        plan = make_plan(configuration, name, RESULTS, 1)
        if plan.to_run:
            raise StoreError(
                f"{name}: {plan.to_run} of {plan.requested} points are not simulated; "
                "`dendroflow run` first"
            )
    for pattern in (layout.DATABASE, layout.REPORT):
        if not pattern.below(RESULTS).exists():
            raise StoreError(f"{pattern.below(RESULTS)}: is not there; `dendroflow run` first")


def _of_repository() -> list[Path]:
    """What git tracks or would; without git all but what can be made again."""
    try:
        said = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        paths = [Path(name) for name in said.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path.relative_to(Path.cwd()) for path in _files(Path.cwd())]
    kept = (path for path in paths if NOT_OF_THE_REPOSITORY.isdisjoint(path.parts))
    return sorted(path for path in kept if path.is_file())


def _of_results(configuration: Configuration) -> list[Path]:
    # What rules of the repository's own made stays, too.
    left = {each.path for each in leftovers(RESULTS, [requested(configuration, RESULTS)])}
    return [
        path
        for path in _files(RESULTS)
        if path.relative_to(RESULTS) not in left
        and path.relative_to(RESULTS).parts[0] not in MADE_AGAIN
    ]


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and NOT_OF_THE_REPOSITORY.isdisjoint(path.relative_to(folder).parts[:1]):
            yield path


def _describe(configuration: Configuration, folder: Path) -> None:
    """Write table, methods, BibTeX and the crate's metadata into the folder of an archive."""
    contents = read(configuration, RESULTS)
    parts = contents.parts
    table = parameters(parts)
    table.to_csv(folder / "parameters.csv", index=False, lineterminator="\n")
    (folder / "parameters.tex").write_text(as_latex(table), encoding="utf-8")
    (folder / "methods.txt").write_text(methods(contents), encoding="utf-8")
    cited = references(configuration, contents.engines)
    entries = [one.bibtex for one in cited]
    entries += [
        f"@misc{{morphology-{name},\n  title = {{Morphology {name}}},\n"
        f"  note = {{{'; '.join(lines)}}},\n}}\n"
        for name, lines in contents.cells
    ]
    (folder / "references.bib").write_text("\n".join(entries), encoding="utf-8")
    _write_crate(configuration, folder, contents)


def _write_crate(configuration: Configuration, folder: Path, contents: Contents) -> None:
    from rocrate.model.contextentity import ContextEntity
    from rocrate.rocrate import ROCrate

    parts, said = contents.parts, contents.versions
    crate = ROCrate(version="1.1")
    first, _, last = said.get("date", "").partition(" to ")
    title = "; ".join(part.title for part in parts)
    crate.name = f"Simulations: {title}"
    crate.description = " ".join(part.description for part in parts) or title
    # That of the results, so that the same results give the same bytes.
    crate.datePublished = (last or first).partition(" ")[0]
    crate.license = "LICENSE" if (folder / "LICENSE").exists() else "not stated by the authors"
    profiles = [
        crate.add(ContextEntity(crate, url, {"@type": "CreativeWork", "name": url.split("/")[-2]}))
        for url in PROFILES
    ]
    crate.root_dataset["conformsTo"] = profiles
    snakefile = folder / "Snakefile"
    if not snakefile.exists():
        shutil.copyfile(dendroflow.snakefile(), snakefile)
    workflow = crate.add_workflow(
        str(snakefile),
        "Snakefile",
        main=True,
        lang="snakemake",
        properties={"name": "dendroflow", "version": said.get("dendroflow", "")},
    )
    config = configuration.source
    config = config.relative_to(Path.cwd()) if config.is_absolute() else config
    asked = [crate.add_file(str(folder / config), config.as_posix())]
    made = [
        crate.add_file(
            str(folder / path), path.as_posix(), properties={"name": name, "encodingFormat": kind}
        )
        for path, name, kind in (
            (layout.DATABASE.below(RESULTS), "database", "application/vnd.sqlite3"),
            (layout.REPORT.below(RESULTS), "report", "text/html"),
            (layout.FAILURES.below(RESULTS), "points that failed", "text/csv"),
            (Path("parameters.csv"), "parameters and settings", "text/csv"),
            (Path("parameters.tex"), "parameters and settings", "application/x-tex"),
            (Path("methods.txt"), "paragraph of methods", "text/plain"),
            (Path("references.bib"), "references", "application/x-bibtex"),
        )
    ]
    folders = [layout.PANELS.below(RESULTS)]
    for part in parts:
        folders += [RESULTS / part.name, layout.FIGURES.below(RESULTS, experiment=part.name)]
    for path in folders:
        if (folder / path).is_dir():
            made.append(crate.add_dataset(str(folder / path), f"{path.as_posix()}/"))
    crate.add_action(
        workflow,
        "#run",
        object=asked,
        result=made,
        properties={"name": f"Run of {config}", "startTime": first, "endTime": last or first},
    )
    crate.metadata.write(folder)


def _checksums(folder: Path) -> str:
    """A line for each file, as `sha256sum` has it."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in paths
    )


def _pack(folder: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                # Without times: the same results give the same archive.
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())
                entry.external_attr = (path.stat().st_mode & 0o777) << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())
