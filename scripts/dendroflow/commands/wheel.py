"""The wheel of this dendroflow: packed of the files that are installed, or built of a checkout."""

import base64
import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from email.parser import Parser
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path

import dendroflow
from dendroflow.commands import WORKFLOW
from dendroflow.errors import PackageError

# Of the folder of metadata, what a wheel brings; what it is installed by adds more.
METADATA = ("METADATA", "WHEEL", "entry_points.txt", "licenses")


def write_wheel(folder: Path) -> Path:
    """Write the wheel of the dendroflow that runs into a folder, and return its path.

    Raises
    ------
    PackageError
        If its files are not those that were installed, or a checkout cannot be built.
    """
    is_packaged = (Path(dendroflow.__file__).parent / "workflow").is_dir()
    return _packed(_installed_files() if is_packaged else _built_files(), folder)


def copy_wheel(wheel: Path, folder: Path) -> Path:
    """Copy a wheel into a folder, and return its path there.

    Raises
    ------
    PackageError
        If it is none of this version of dendroflow, which the locks belong to.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            tops = zipfile.Path(archive).iterdir()
            (information,) = [top for top in tops if top.name.endswith(".dist-info")]
            notes = Parser().parsestr((information / "METADATA").read_text("utf-8"))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise PackageError(f"{wheel}: cannot be read as a wheel: {error}") from error
    if notes["Name"] != "dendroflow":
        raise PackageError(f"{wheel}: is a wheel of {notes['Name']}, not of dendroflow")
    if notes["Version"] != dendroflow.__version__:
        raise PackageError(
            f"{wheel}: is version {notes['Version']}, and the lock is that of "
            f"{dendroflow.__version__}; leave --wheel out, or run `dendroflow new` of that version"
        )
    return shutil.copyfile(wheel, folder / wheel.name)


def _installed_files() -> dict[str, bytes]:
    """Name in the wheel -> content, of the distribution that is installed."""
    try:
        installed = distribution("dendroflow")
    except PackageNotFoundError:
        raise PackageError("dendroflow is not installed by pip or uv: name a --wheel") from None
    here = Path(dendroflow.__file__).parent
    if not here.samefile(str(installed.locate_file("dendroflow"))):
        raise PackageError(f"{here} is not the dendroflow that is installed: name a --wheel")
    files = {}
    for path in installed.files or ():
        if path.parts[0].endswith(".dist-info"):
            is_ours = path.parts[1] in METADATA
        else:
            is_ours = path.parts[0] == "dendroflow" and path.suffix != ".pyc"
        if not is_ours:
            continue
        content = Path(str(path.locate())).read_bytes()
        if path.hash is None or path.hash.value != _digest(content):
            raise PackageError(f"{path.locate()}: has changed since it was installed; reinstall it")
        files[path.as_posix()] = content
    return files


def _built_files() -> dict[str, bytes]:
    """Name in the wheel -> content, as hatchling makes it of the checkout."""
    if find_spec("hatchling") is None:
        raise PackageError("a wheel of a checkout needs hatchling: make setup-develop")
    with tempfile.TemporaryDirectory() as scratch:
        child = subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", scratch],
            cwd=WORKFLOW,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        wheels = list(Path(scratch).glob("*.whl"))
        if child.returncode or len(wheels) != 1:
            said = " ".join(child.stdout.split()[-40:])
            raise PackageError(f"the wheel of {WORKFLOW} failed: {said}")
        with zipfile.ZipFile(wheels[0]) as archive:
            return {
                name: archive.read(name)
                for name in archive.namelist()
                if not name.endswith(("/", ".dist-info/RECORD"))
            }


def _packed(files: Mapping[str, bytes], folder: Path) -> Path:
    """Write files as a wheel; equal files make equal wheels."""
    (information,) = {name.split("/")[0] for name in files if ".dist-info/" in name}
    members = dict(sorted(files.items()))
    record = [f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in members.items()]
    record.append(f"{information}/RECORD,,\n")
    members[f"{information}/RECORD"] = "".join(record).encode()
    wheel = folder / f"{information.removesuffix('.dist-info')}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return wheel


def _digest(content: bytes) -> str:
    """As `RECORD` has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
