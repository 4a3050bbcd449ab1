import pytest
from pydantic import TypeAdapter, ValidationError

from dendroflow.settings.morphologies import (
    Download,
    LocalFile,
    MorphologySource,
    NeuroMorpho,
    NeuroMorphoSource,
    PackageFile,
)

SOURCE = TypeAdapter(MorphologySource)
PIN = "AB" * 32


@pytest.mark.parametrize(
    ("entry", "kind", "suffix"),
    [
        ({"package": "bluepyopt", "path": "tests/a_b/C06.asc"}, PackageFile, "asc"),
        ({"neuromorpho": {"archive": "Amaral", "name": "c91662"}}, NeuroMorphoSource, "swc"),
        ({"file": "cells/mine.SWC"}, LocalFile, "swc"),
        ({"url": "https://example.org/a%20b/x.asc?version=2"}, Download, "asc"),
    ],
)
def test_the_key_says_what_kind_of_source_an_entry_is(entry, kind, suffix):
    source = SOURCE.validate_python(entry | {"sha256": PIN})
    assert type(source) is kind
    assert source.suffix == suffix
    assert source.sha256 == PIN.lower()
    assert SOURCE.validate_python(source.model_dump()) == source
    assert SOURCE.validate_python(entry).sha256 is None


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"sha256": PIN},
        {"file": "a.swc", "url": "https://example.org/a.swc"},
        "c91662.swc",
    ],
)
def test_an_entry_has_exactly_one_kind(entry):
    with pytest.raises(ValidationError, match="exactly one of the keys"):
        SOURCE.validate_python(entry)


@pytest.mark.parametrize(
    "entry",
    [
        {"file": "../a.swc"},
        {"file": "cells/../../a.swc"},
        {"file": "/etc/a.swc"},
        {"file": "cells//a.swc"},
        {"file": "cells\\a.swc"},
        {"file": "a\n.swc"},
        {"file": "a.txt"},
        {"file": ".swc"},
        {"package": "blue.py/../..", "path": "a.swc"},
        {"package": "bluepyopt", "path": "../../a.swc"},
        {"package": "bluepyopt", "path": "./a.swc"},
        {"package": "bluepyopt"},
        {"neuromorpho": {"archive": "../x", "name": "c91662"}},
        {"neuromorpho": {"archive": "Amaral", "name": "a/b"}},
        {"neuromorpho": {"archive": "Amaral", "name": ".."}},
        {"neuromorpho": {"archive": "Amaral", "name": "c9\x001662"}},
        {"neuromorpho": {"archive": "Amaral"}},
        {"url": "file:///etc/a.swc"},
        {"url": "ftp://example.org/a.swc"},
        {"url": "https:///a.swc"},
        {"url": "https://example.org/a.zip"},
        {"url": "https://me:secret@example.org/a.swc"},
        {"url": "https://example.org/a b.swc"},
        {"url": "https://example.org/a\r\nHost: x.swc"},
        {"file": "a.swc", "sha256": "ab" * 31},
        {"file": "a.swc", "sha256": "xy" * 32},
        {"file": "a.swc", "sha265": PIN},
    ],
)
def test_entries_that_leave_their_folder_or_make_no_sense_are_refused(entry):
    with pytest.raises(ValidationError):
        SOURCE.validate_python(entry)


def test_the_service_has_an_address_without_a_final_slash():
    assert NeuroMorpho().address == "https://neuromorpho.org"
    assert NeuroMorpho(address="http://127.0.0.1:8000/mirror/").address.endswith("/mirror")
    with pytest.raises(ValidationError):
        NeuroMorpho(address="neuromorpho.org")
    with pytest.raises(ValidationError):
        NeuroMorpho(timeout_s=0)


def test_sources_have_a_json_schema():
    assert len(SOURCE.json_schema()["oneOf"]) == 4
