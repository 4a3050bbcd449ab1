"""Cells are found by their metadata, in the pages of a loopback NeuroMorpho.Org."""

import json

import pytest
import yaml
from neuromorpho_server import NeuroMorphoServer, record
from pydantic import TypeAdapter

from dendroflow.commands.cli import main
from dendroflow.errors import MorphologyError
from dendroflow.morphology import search as searching
from dendroflow.morphology.search import search
from dendroflow.settings.morphologies import MorphologySource, NeuroMorpho


def cell(number, species="mouse", region="CA1", condition="Control", pmid="1"):
    return record(f"cell_{number}", "Some Archive") | {
        "neuron_id": number,
        "species": species,
        "brain_region": ["hippocampus", region],
        "cell_type": ["pyramidal", "principal cell"],
        "experiment_condition": [condition],
        "reference_pmid": [pmid],
    }


RECORDS = [
    cell(1),
    cell(2, condition="Calsyntenin-1 knockout (KO)", pmid="24966372"),
    cell(3, species="rat"),
    cell(4, region="CA3", condition="calsyntenin KO"),
    cell(5, condition="Calsyntenin-1 knockout (KO)", pmid="24966372"),
    cell(6, condition="Other knockout"),
]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(searching, "PAUSE_S", 0.001)


@pytest.fixture
def server():
    with NeuroMorphoServer({}) as running:
        running.records = RECORDS
        yield running


@pytest.fixture
def service(server):
    return NeuroMorpho(address=server.address, timeout_s=5, retries=1, backoff_s=0.01)


def names(found):
    return [record["neuron_name"] for record in found.records]


def test_the_knock_out_is_found_by_its_condition(server, service):
    found = search(
        {"species": "Mouse", "brain_region": "CA1"},
        {"experiment_condition": "calsyntenin"},
        service,
    )
    assert names(found) == ["cell_2", "cell_5"]
    assert (found.selected, found.read) == (4, 4)
    assert server.paths == [
        "/api/neuron/select?q=species%3AMouse&fq=brain_region%3ACA1&page=0&size=500&sort=neuron_id"
    ]


def test_the_knock_out_is_found_by_its_paper(service):
    assert names(search({"reference_pmid": "24966372"}, {}, service)) == ["cell_2", "cell_5"]


def test_all_pages_are_read_and_no_more_than_allowed(server, service):
    server.page_size = 2
    assert len(search({"species": "mouse"}, {}, service).records) == 5
    assert len(server.paths) == 3
    found = search({"species": "mouse"}, {}, service, most=3)
    assert (len(found.records), found.read, found.selected) == (3, 3, 5)


def test_values_with_blanks_are_quoted(server, service):
    assert names(search({"archive": "Some Archive"}, {}, service))[0] == "cell_1"
    assert "q=archive%3A%22Some%20Archive%22&" in server.paths[0]


def test_a_service_that_selects_too_much_is_not_believed(server, service, monkeypatch):
    answer = server.select
    monkeypatch.setattr(server, "select", lambda query: answer(query | {"fq": []}))
    found = search({"species": "mouse", "brain_region": "CA3"}, {}, service)
    assert (names(found), found.selected) == (["cell_4"], 5)


def test_nothing_is_found(service):
    assert search({"species": "unicorn"}, {}, service).records == ()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("html", "does not answer with a page of neurons; check neuromorpho.address"),
        ("json", "does not answer with a page of neurons"),
        ("busy", "the server fails (HTTP 503); try again later"),
        ("forbidden", "HTTP status 403"),
    ],
)
def test_faults_are_one_line(server, service, fault, reason):
    server.api_fault = fault
    with pytest.raises(MorphologyError) as caught:
        search({"species": "mouse"}, {}, service)
    assert reason in str(caught.value)
    assert server.address in str(caught.value)
    assert "\n" not in str(caught.value)


def test_something_has_to_be_selected_by(service):
    with pytest.raises(MorphologyError, match="at least one field"):
        search({}, {"experiment_condition": "KO"}, service)


@pytest.fixture
def command(server, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    service = {"address": server.address, "retries": 0}
    config.write_text(json.dumps({"experiments": ["x"], "neuromorpho": service}))

    def call(*arguments):
        code = main(["find", *arguments, "--config", str(config)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def test_the_command_prints_candidates_and_entries_that_the_catalogue_takes(command):
    code, out, _ = command("species=mouse", "experiment_condition~calsyntenin")
    assert code == 0
    assert out.startswith("3 of 5 selected cells meet all criteria")
    assert "24966372" in out
    entries = yaml.safe_load(out[out.index("# for config") :])
    sources = TypeAdapter(dict[str, MorphologySource]).validate_python(entries)
    assert set(sources) == {"cell_2", "cell_4", "cell_5"}
    assert sources["cell_2"].neuromorpho.archive == "Some Archive"


def test_the_command_shows_as_many_as_asked(command):
    code, out, _ = command("species=mouse", "--show", "2")
    assert code == 0
    assert "the first 2 are shown (--show)" in out
    assert "cell_4" not in out


def test_what_the_service_says_cannot_reach_the_terminal_or_the_yaml(server, command):
    server.records = [cell(1) | {"neuron_name": "\x1b[31mevil\n: {file: x}", "species": "mouse"}]
    code, out, _ = command("species=mouse")
    assert code == 0
    assert "\x1b" not in out
    assert "a name that the catalogue cannot hold" in out
    assert yaml.safe_load(out[out.index("# for config") :]) is None


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["mouse"], "'mouse' is neither field=value nor field~text"),
        (["species="], "'species=' is neither"),
        (["species=a", "species=b"], "'species' is given twice"),
        (["species~a"], "at least one field"),
    ],
)
def test_wrong_criteria_are_one_line(command, arguments, part):
    code, _, err = command(*arguments)
    assert code == 1
    assert part in err
    assert err.count("\n") == 1


def test_nothing_found_is_no_success(command):
    code, out, _ = command("species=unicorn")
    assert code == 1
    assert "check the spelling" in out
