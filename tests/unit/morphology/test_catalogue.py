"""Adding cells to the catalogue: any names, pins, groups, and what stood there before."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml
from morphio.mut import Morphology
from neuromorpho_server import NeuroMorphoServer, record

from dendroflow.commands.cli import main
from dendroflow.errors import ConfigurationError
from dendroflow.morphology import swc
from dendroflow.morphology.fetch import mended
from dendroflow.morphology.files import data_sha256, read
from dendroflow.settings.morphologies import MorphologyName, MorphologySource
from dendroflow.settings.project import load, read_yaml, validated

CELL = "1 1 0 0 0 5 -1\n2 3 5 0 0 0.5 1\n3 3 {} 0 0 0.5 2\n"
BEFORE = "# My cells\nold:\n  file: old.swc   # not pinned yet\n"
EXPERIMENT = {
    "title": "Cells",
    "model": "tree",
    "simulation": {"duration": 1.0},
    "features": {"signal": "v", "statistics": ["maximum"]},
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a configuration, and five files elsewhere of which one is refused."""
    monkeypatch.chdir(tmp_path)
    config = tmp_path / "config"
    (config / "experiments").mkdir(parents=True)
    (config / "config.yaml").write_text("experiments: [cells]\n", encoding="utf-8")
    (config / "morphologies.yaml").write_text(BEFORE, encoding="utf-8")
    (config / "old.swc").write_text(CELL.format(30), encoding="utf-8")
    folder = tmp_path / "from elsewhere" / "deeper"
    folder.mkdir(parents=True)
    names = ["Zelle 1 ä+b.CNG.swc", "Zelle 1 a b.swc", "b.SWC", "007.swc"]
    for number, name in enumerate(names):
        (folder / name).write_text(CELL.format(50 + number), encoding="utf-8")
    (folder / "broken.swc").write_text("1 1 0 0 0 0 -1\n", encoding="utf-8")
    return config


def checked(content):
    """Entries of a catalogue as they are read."""
    return validated(dict[MorphologyName, MorphologySource], content, Path("morphologies.yaml"))


def experiment(config, **sweep):
    content = EXPERIMENT | {"sweep": sweep}
    path = config / "experiments" / "cells.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load(read_yaml(config / "config.yaml"), config / "config.yaml").experiments["cells"]


def test_a_folder_is_added_with_one_command_and_swept_with_one_line(project, capsys):
    assert main(["morphology", "add", "from elsewhere", "--group", "ca1"]) == 0
    said = capsys.readouterr().out
    assert "not added: from elsewhere/deeper/broken.swc, line 1: radius 0 µm" in said
    assert "`dendroflow morphology mend` lists all that is wrong" in said
    assert "4 added, 1 refused" in said
    text = (project / "morphologies.yaml").read_text(encoding="utf-8")
    assert text.startswith(BEFORE)
    entries = yaml.safe_load(text)
    assert set(entries) == {"old", "007", "Zelle_1_a_b", "Zelle_1_a_b_2", "b"}
    for name, entry in entries.items():
        if name != "old":
            copy = (project / entry["file"]).read_bytes()
            assert entry["sha256"] == data_sha256(copy, "swc")
            assert entry["group"] == "ca1"
    swept = experiment(project, grid={"morphology": {"group": "ca1"}})
    (axis,) = [block.grid["morphology"] for block in swept.sweep]
    assert set(axis.values) == set(entries) - {"old"}


def test_what_is_there_already_is_not_added_again(project, capsys):
    for _ in range(2):
        assert main(["morphology", "add", "from elsewhere"]) == 0
    assert "0 added, 1 refused" in capsys.readouterr().out
    assert len(yaml.safe_load((project / "morphologies.yaml").read_text(encoding="utf-8"))) == 5


def test_a_file_of_the_configuration_is_not_copied(project):
    (project / "mine.swc").write_text(CELL.format(90), encoding="utf-8")
    assert main(["morphology", "add", "config/mine.swc"]) == 0
    entry = yaml.safe_load((project / "morphologies.yaml").read_text(encoding="utf-8"))["mine"]
    assert entry["file"] == "mine.swc"
    assert not (project / "cells").exists()


def test_what_is_refused_is_mended_on_request_and_pinned_as_it_is_simulated(project, capsys):
    command = ["morphology", "add", "from elsewhere", "--mend"]
    broken = project.parent / "from elsewhere" / "deeper" / "broken.swc"
    broken.write_text(CELL.format(70).replace("70 0 0 0.5", "70 0 0 0"), encoding="utf-8")
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "broken.swc, line 3: radius 0.1 instead of 0 µm" in said
    assert "5 added, 0 refused" in said
    entries = checked(read_yaml(project / "morphologies.yaml"))
    assert [name for name, entry in entries.items() if entry.mend is not None] == ["broken"]
    source = entries["broken"]
    data, changes = mended((project / source.file).read_bytes(), source, "broken")
    assert data_sha256(data, "swc") == source.sha256
    assert len(changes) > 0
    assert swc.parse(data, "broken").radii[2] == 0.1


def test_lengths_in_nanometres_are_told_once(project, capsys):
    cell = project.parent / "em.swc"
    cell.write_text("1 1 0 0 0 5e3 -1\n2 3 5e3 0 0 5e2 1\n3 3 5e4 0 0 5e2 2\n", encoding="utf-8")
    assert main(["morphology", "add", "em.swc", "--unit", "nm"]) == 0
    assert "1 added, 0 refused" in capsys.readouterr().out
    source = checked(read_yaml(project / "morphologies.yaml"))["em"]
    assert source.length_unit == "nm"
    data, changes = mended((project / source.file).read_bytes(), source, "em")
    assert swc.parse(data, "em").length() == pytest.approx(45.0)
    assert changes == ["em: all lengths times 0.001"]


def test_a_file_that_is_not_swc_is_not_mended():
    for wish in ({"mend": {}}, {"length_unit": "nm"}):
        with pytest.raises(ConfigurationError, match=r"only SWC files are mended .*ends in \.asc"):
            checked({"cell": {"file": "cell.asc", **wish}})
    with pytest.raises(ConfigurationError, match=r"cell\.mend\.join"):
        checked({"cell": {"file": "cell.swc", "mend": {"join": -1}}})


def test_a_zip_archive_is_a_folder(project, capsys):
    packed = project.parent / "cells.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Lab/CNG version/one.CNG.swc", CELL.format(60))
        archive.writestr("Lab/../../two.swc", CELL.format(61))
        archive.writestr("Lab/read.me", "not a cell")
    assert main(["morphology", "add", "cells.zip", "--group", "lab"]) == 0
    assert "2 added, 0 refused" in capsys.readouterr().out
    assert (project / "cells" / "lab" / "one.swc").read_text() == CELL.format(60)
    assert not list(project.parent.glob("*.swc"))
    packed.write_bytes(b"not a zip")
    assert main(["morphology", "add", "cells.zip"]) == 1
    assert "cells.zip: cannot be unpacked" in capsys.readouterr().err


def test_hdf5_becomes_swc_as_morphio_reads_it(project, capsys, l5pc):
    Morphology(l5pc).write(project.parent / "l5.h5")
    assert main(["morphology", "add", "l5.h5"]) == 0
    assert "1 added, 0 refused" in capsys.readouterr().out
    tree = swc.parse((project / "cells" / "l5.swc").read_bytes(), "l5")
    expected = read(l5pc)
    for kind in (2, 3, 4):
        assert tree.length(kind) == pytest.approx(expected.length(kind), rel=1e-5)
    outline = expected.xyz[expected.somatic]
    distance = np.linalg.norm(outline - outline.mean(axis=0), axis=1).mean()
    assert tree.radii[0] == pytest.approx(distance, rel=1e-5)
    (project.parent / "bad.h5").write_bytes(b"not HDF5")
    assert main(["morphology", "add", "bad.h5"]) == 0
    assert "not added: bad.h5: MorphIO does not read it" in capsys.readouterr().out


def test_cells_of_neuromorpho_org_are_added_by_what_they_are(project, capsys, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    lab = {f"mouse-{k}": ("Some Lab", CELL.format(60 + k).encode()) for k in range(3)}
    lab["broken"] = ("Some Lab", CELL.format(60).replace("60 0 0 0.5", "60 0 0 0").encode())
    with NeuroMorphoServer(lab) as server:
        server.records = [record(name, "Some Lab") | {"species": "mouse"} for name in lab]
        service = {"address": server.address, "retries": 0}
        config = project / "config.yaml"
        config.write_text(yaml.safe_dump({"experiments": ["cells"], "neuromorpho": service}))
        command = ["morphology", "add", "species=mouse", "--group", "mice"]
        assert main(command) == 0
        said = capsys.readouterr().out
        assert "4 cells of NeuroMorpho.Org meet the criteria" in said
        assert "3 added, 1 refused" in said
        assert main([*command, "--mend", "--most", "2"]) == 0
        said = capsys.readouterr().out
        assert "the first 2 are taken (--most)" in said
        assert "0 added, 0 refused" in said
    entries = checked(read_yaml(project / "morphologies.yaml"))
    mice = {name for name, entry in entries.items() if entry.group == "mice"}
    assert mice == {"mouse-0", "mouse-1", "mouse-2"}
    for k in range(3):
        assert entries[f"mouse-{k}"].neuromorpho.archive == "Some Lab"
        assert entries[f"mouse-{k}"].sha256 == data_sha256(lab[f"mouse-{k}"][1], "swc")


def test_pins_that_are_missing_are_written_into_the_file(project, capsys):
    experiment(project, grid={"morphology": ["old"]})
    assert main(["morphology", "add"]) == 0
    assert "pinned: old (old.swc)" in capsys.readouterr().out
    text = (project / "morphologies.yaml").read_text(encoding="utf-8")
    assert text.startswith("# My cells\nold:\n  sha256: ")
    assert "file: old.swc   # not pinned yet" in text
    found = yaml.safe_load(text)["old"]["sha256"]
    assert found == data_sha256((project / "old.swc").read_bytes(), "swc")
    assert main(["morphology", "add"]) == 0
    assert "all cells are pinned" in capsys.readouterr().out


def test_bad_input_is_one_line(project, capsys):
    assert main(["morphology", "add", "nothing"]) == 0
    assert "not added: nothing" in capsys.readouterr().out
    assert main(["morphology", "add", "config/experiments"]) == 1
    assert "there is no file that ends in .swc, .asc, .h5" in capsys.readouterr().err
    assert main(["morphology", "add", "config", "--group", "c a"]) == 1
    assert "--group c a: a group is named like a morphology" in capsys.readouterr().err
    with pytest.raises(ConfigurationError, match="group 'ca3' has no cells"):
        experiment(project, grid={"morphology": {"group": "ca3"}})
    with pytest.raises(ConfigurationError, match=r"group: .*for `morphology` alone"):
        experiment(project, grid={"parameters.g": {"group": "ca1"}})
