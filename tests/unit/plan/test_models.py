"""What counts of a model's folder, and the copy that jobs import."""

import shutil
from pathlib import Path

import pytest

from dendroflow.errors import ModelError, StoreError
from dendroflow.files import LEFT_OUT, files_of_model
from dendroflow.plan.code import digest_of_files
from dendroflow.plan.models import check_copy, copy_model, names_of

MODEL = '"""A model."""\n\nAREA = 3.14  # of a disc\n'


def write(path, text="one"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    """A model with all that a model may have: files of all kinds, in folders, hidden, linked."""
    folder = tmp_path / "models" / "cell"
    write(folder / "model.py", MODEL)
    for name in ("table.csv", "notes.md", ".hidden", ".settings/x", "data/deep/x.dat", "x.mod"):
        write(folder / name)
    write(folder / "sub/y.mod")
    write(folder / "lib/helper.py", "x = 1")
    write(tmp_path / "elsewhere/shared.csv")
    write(tmp_path / "elsewhere/below/more.csv")
    (folder / "linked").symlink_to(tmp_path / "elsewhere")
    (folder / "one.csv").symlink_to(tmp_path / "elsewhere/shared.csv")
    return folder


COUNTS = [
    *("table.csv", "notes.md", ".hidden", ".settings/x", "data/deep/x.dat", "x.mod", "sub/y.mod"),
    *("lib/helper.py", "linked/shared.csv", "linked/below/more.csv", "one.csv", "model.py"),
]


def digests(folder):
    names = names_of(folder)
    assert names.code == digest_of_files(files_of_model(folder), comments=False)
    return names.copy, names.code


@pytest.mark.parametrize("name", COUNTS)
def test_every_file_counts(folder, name):
    before = digests(folder)
    write(folder / name, "x = 2")
    assert all(new != old for new, old in zip(digests(folder), before, strict=True))


@pytest.mark.parametrize("name", ["new.txt", ".new", "data/new", "README", "sub/z.py", "a b/ü"])
def test_a_new_file_counts_and_so_does_its_name(folder, name):
    before = digests(folder)
    write(folder / name, "")
    more = digests(folder)
    (folder / name).rename(folder / f"{name}2")
    for codes in zip(before, more, digests(folder), strict=True):
        assert len(set(codes)) == 3


@pytest.mark.parametrize("below", [".x", "__pycache__", ".git", "a.orig", "x~", ".x/__pycache__"])
def test_wherever_the_folder_lies(folder, below, tmp_path):
    moved = tmp_path / below / "cell"
    shutil.copytree(folder, moved)
    assert digests(moved) == digests(folder)
    write(moved / "model.py", MODEL.replace("3.14", "3.15"))
    assert digests(moved)[1] != digests(folder)[1]


def test_a_comment_changes_the_copy_but_not_the_code(folder):
    before = digests(folder)
    write(folder / "model.py", MODEL.replace("disc", "circle"))
    copy, code = digests(folder)
    assert copy != before[0]
    assert code == before[1]


# A file for each pattern of what is left out.
CACHES = {
    "__pycache__": "__pycache__/model.cpython-311.pyc",
    "*.pyc": "model.pyc",
    ".ipynb_checkpoints": ".ipynb_checkpoints/model.py",
    ".mypy_cache": "lib/.mypy_cache/x",
    ".pytest_cache": ".pytest_cache/x",
    ".ruff_cache": ".ruff_cache/x",
    "*~": "model.py~",
    "#*#": "#model.py#",
    ".#*": ".#model.py",
    ".*.sw?": "lib/.model.py.swp",
    "*.orig": "model.py.orig",
    ".DS_Store": ".DS_Store",
    ".git": ".git/config",
    ".hg": ".hg/x",
    ".svn": "lib/.svn/x",
}


@pytest.mark.parametrize("pattern", LEFT_OUT)
def test_caches_and_backups_do_not_count(folder, pattern, tmp_path):
    before = digests(folder)
    write(folder / CACHES[pattern])
    assert digests(folder) == before
    copy_model(folder, tmp_path / before[0], before[0])
    assert not (tmp_path / before[0] / CACHES[pattern]).exists()


def test_two_links_to_one_folder_are_no_circle(folder, tmp_path):
    (folder / "again").symlink_to(tmp_path / "elsewhere")
    (folder / "data/inner").symlink_to(folder / "lib")
    before = digests(folder)
    write(tmp_path / "elsewhere/shared.csv", "two")
    assert digests(folder) != before


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("loop", "models/cell"),
        ("data/deep/loop", "models/cell/data"),
        ("up", "models"),
        ("data/up", ""),
        ("linked/back", "models/cell"),
        ("linked/below/loop", "elsewhere"),
    ],
)
def test_a_circle_of_links_is_refused(folder, tmp_path, link, target):
    (folder / link).symlink_to(tmp_path / target)
    with pytest.raises(ModelError, match=rf"cell/{link}: links .* lead in a circle$") as refused:
        names_of(folder)
    assert "\n" not in str(refused.value)


def test_a_link_that_leads_nowhere_is_refused(folder):
    (folder / "gone.csv").symlink_to(folder / "nothing.csv")
    (folder / "self").symlink_to(folder / "self")
    with pytest.raises(ModelError, match=r"cell/gone\.csv: leads to no file; remove it"):
        names_of(folder)
    (folder / "gone.csv").unlink()
    with pytest.raises(ModelError, match=r"cell/self: leads to no file"):
        names_of(folder)


@pytest.fixture
def copy(folder, tmp_path):
    digest = names_of(folder).copy
    copy_model(folder, tmp_path / "results" / digest, digest)
    return tmp_path / "results" / digest


def test_a_copy_has_every_file_and_passes(folder, copy):
    check_copy(copy)
    names = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert names == set(COUNTS)
    assert not [path for path in copy.rglob("*") if path.is_symlink()]
    assert digests(copy) == digests(folder)
    # What Python makes of it when it is imported.
    write(copy / "__pycache__/model.cpython-311.pyc")
    check_copy(copy)


EDITS = {
    "a digit": lambda copy: write(copy / "model.py", MODEL.replace("3.14", "3.15")),
    "a comment": lambda copy: write(copy / "model.py", MODEL.replace("disc", "circle")),
    "another file": lambda copy: write(copy / "linked/shared.csv", "two"),
    "a hidden file": lambda copy: write(copy / ".settings/x", "two"),
    "a file more": lambda copy: write(copy / "new.csv"),
    "a file less": lambda copy: (copy / "notes.md").unlink(),
    "another name": lambda copy: (copy / "notes.md").rename(copy / "notes2.md"),
    "another place": lambda copy: (copy / "x.mod").rename(copy / "sub/x.mod"),
    "an empty file": lambda copy: write(copy / "table.csv", ""),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_copy_is_refused(copy, edit):
    EDITS[edit](copy)
    with pytest.raises(StoreError, match=f"{copy}: is not as it was copied; delete it and run"):
        check_copy(copy)


def test_a_copy_without_its_model_is_refused(copy):
    (copy / "model.py").unlink()
    with pytest.raises(ModelError, match=r"model\.py: there is no such file"):
        check_copy(copy)


@pytest.mark.parametrize("edited", ["model.py", "table.csv", "linked/shared.csv", "new.csv"])
def test_a_folder_that_has_changed_is_not_copied(folder, tmp_path, edited):
    digest = names_of(folder).copy
    write(folder / edited, "x = 2")
    with pytest.raises(ModelError, match="cell: changed after planning; run snakemake again"):
        copy_model(folder, tmp_path / digest, digest)
    # Without it nothing is imported, and the job that made it is not done.
    assert not list((tmp_path / digest).rglob("model.py"))


def test_what_an_earlier_attempt_has_left_goes(folder, copy):
    write(copy / "model.py", "x = 2")
    write(copy / "left.csv")
    copy_model(folder, copy, copy.name)
    check_copy(copy)


def test_a_folder_without_a_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"none/model\.py: there is no such file; a model is a"):
        names_of(Path(tmp_path, "none"))
