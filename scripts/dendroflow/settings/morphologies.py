"""Where morphologies come from: one entry of the catalogue, and the NeuroMorpho.Org service.

An entry says by its key which kind of source it is::

    c91662: {neuromorpho: {archive: Amaral, name: c91662}, sha256: 11727a7f...}
    l5pc:   {package: bluepyopt, path: tests/data/cell.asc, sha256: ...}
    mine:   {file: cells/mine.swc, length_unit: nm, mend: {label: dendrite}, sha256: ...}
    other:  {url: https://example.org/cell.swc, sha256: ...}
"""

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, model_validator

from dendroflow.settings.base import Positive, Settings, spelled

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_FOLDER = r"[A-Za-z0-9_][A-Za-z0-9._-]*"


def _with_address(url: str) -> str:
    """Return `url` if it is a plain http(s) address without a password in it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address starts with https:// or http:// and names a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address must not hold a user name or a password")
    if not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("an address has no blanks, control characters or backslashes")
    return url


def _with_suffix(url: str) -> str:
    if PurePosixPath(urlsplit(url).path).suffix.lower() not in (".swc", ".asc"):
        raise ValueError("the path of the address must end in .swc or .asc")
    return url


_LETTERS = "A-Z, a-z, 0-9, '.', '_' and '-', a letter or digit first"

MorphologyName = Annotated[str, spelled(f"^{_NAME}$", f"a name of {_LETTERS}", 100)]
Archive = Annotated[
    str, spelled(r"^[A-Za-z0-9][A-Za-z0-9 ._-]*$", f"a name of blanks, {_LETTERS}", 100)
]
FilePath = Annotated[
    str,
    spelled(
        rf"^({_FOLDER}/)*{_NAME}\.([sS][wW][cC]|[aA][sS][cC])$",
        f"a path from the configuration's folder to a file .swc or .asc, each name of {_LETTERS}",
    ),
]
PackageName = Annotated[
    str, spelled(r"^[A-Za-z][A-Za-z0-9_]*$", "a package: a letter, then A-Z, a-z, 0-9 and _")
]
Address = Annotated[str, AfterValidator(_with_address)]
Sha256 = Annotated[
    str,
    spelled(r"^[0-9a-fA-F]{64}$", "a sha256: 64 hexadecimal digits"),
    AfterValidator(str.lower),
]


class Mend(Settings):
    """What is wanted of a mended SWC file beyond what is needed."""

    soma: Annotated[int, Field(strict=True, ge=0)] | None = Field(
        None, description="id of the point that is the soma, in a file without one; else the root"
    )
    label: Literal["axon", "dendrite", "apical"] | None = Field(
        None, description="what neurites of type 0 are"
    )
    join: float = Field(
        10.0,
        ge=0,
        le=1e5,
        description="trees that start within so many µm of the cell are joined to its nearest "
        "point; others are left out",
    )
    floor: float = Field(0.1, ge=1e-3, le=1e3, description="radius of points that have none (µm)")
    repeated: bool = Field(
        False, description="whether points are left out that repeat the one before them"
    )
    axon: Literal["drop", "stub"] | None = Field(
        None, description="`drop` leaves the axon out, `stub` puts 60 µm of 1 µm in its place"
    )


# µm of the units of length that have names.
UNITS = {"um": 1.0, "nm": 1e-3}


class Pinned(Settings):
    """What every source has: the sha256 of its data lines."""

    sha256: Sha256 | None = Field(
        None,
        description="sha256 of the data lines (comments and blank lines dropped, trailing blanks "
        "stripped, LF), mended and in µm if that is asked for; where it is missing, "
        "`dendroflow morphology add` writes it, and the error prints it",
    )

    length_unit: Literal["um", "nm"] | Annotated[float, Field(gt=0, lt=1e6)] = Field(
        "um", description="of an SWC file: um, nm, or a number of µm, such as the size of a pixel"
    )
    mend: Mend | None = Field(
        None, description="mends an SWC file; `{}` does what is needed so that it is accepted"
    )

    group: MorphologyName | None = Field(
        None, description="cells that are swept together, as `morphology: {group: <name>}`"
    )

    @property
    def suffix(self) -> Literal["swc", "asc"]:
        """Format of the file; NeuroMorpho.Org's are `swc`."""
        given = [getattr(self, key) for key in ("path", "file", "url") if hasattr(self, key)]
        return "asc" if any(urlsplit(p).path.lower().endswith(".asc") for p in given) else "swc"

    @property
    def scale(self) -> float:
        """Micrometres of a unit of length of the file."""
        return UNITS[self.length_unit] if isinstance(self.length_unit, str) else self.length_unit

    @property
    def changes(self) -> dict[str, Any] | None:
        """What is wanted of the file beyond being as it is; None if nothing is."""
        wanted = self.model_dump(
            mode="json", include={"mend", "length_unit"}, exclude_defaults=True
        )
        return wanted or None

    @model_validator(mode="after")
    def _only_swc(self) -> Self:
        if self.suffix == "asc" and self.changes:
            raise ValueError(
                "only SWC files are mended or have a length_unit; this one ends in .asc"
            )
        return self


class PackageFile(Pinned):
    """A file that an installed Python package ships."""

    package: PackageName = Field(description="name under which the package is imported")
    path: FilePath = Field(description="path of the file inside the package's folder")


class NeuroMorphoCell(Settings):
    """A cell of NeuroMorpho.Org."""

    archive: Archive = Field(description="archive, as NeuroMorpho.Org spells it")
    name: MorphologyName = Field(description="name of the neuron, without .CNG.swc")


class NeuroMorphoSource(Pinned):
    """The standardised (CNG) file of a cell of NeuroMorpho.Org, with its metadata."""

    neuromorpho: NeuroMorphoCell


class LocalFile(Pinned):
    """A file beside the configuration."""

    file: FilePath = Field(description="path relative to the configuration's folder")


class Download(Pinned):
    """A file at an address."""

    url: Annotated[Address, AfterValidator(_with_suffix)] = Field(
        description="http(s) address whose path ends in .swc or .asc"
    )


def _kind(entry: Any) -> str | None:
    """Return the one key of `entry` that says what kind of source it is, or None."""
    keys = entry if isinstance(entry, dict) else getattr(entry, "model_fields_set", ())
    present = {"package", "neuromorpho", "file", "url"}.intersection(keys)
    return f"from {present.pop()}" if len(present) == 1 else None


MorphologySource = Annotated[
    Annotated[PackageFile, Tag("from package")]
    | Annotated[NeuroMorphoSource, Tag("from neuromorpho")]
    | Annotated[LocalFile, Tag("from file")]
    | Annotated[Download, Tag("from url")],
    Discriminator(
        _kind,
        custom_error_type="morphology_source",
        custom_error_message=(
            "exactly one of the keys neuromorpho, package, file and url says where it comes from"
        ),
    ),
]


class NeuroMorpho(Settings):
    """The NeuroMorpho.Org service or a mirror of it; the limits hold for every download."""

    address: Annotated[Address, AfterValidator(lambda url: url.rstrip("/"))] = Field(
        "https://neuromorpho.org", description="address of the service, or of a mirror"
    )
    timeout_s: Positive = Field(30.0, le=3600, description="longest silence of a server (s)")
    deadline_s: Positive = Field(
        300.0, le=86400, description="longest time for one morphology, retries included (s)"
    )
    retries: int = Field(4, ge=0, le=20, description="further attempts after a transient failure")
    backoff_s: float = Field(
        1.0, ge=0, le=60, description="wait before the first retry, doubled before each next (s)"
    )
    max_bytes: int = Field(
        50_000_000, gt=0, le=2_000_000_000, description="largest file accepted (bytes)"
    )
