import hashlib
import json
import shutil
import socket
import ssl
import subprocess
import sys

import pytest
from neuromorpho_server import NeuroMorphoServer, record
from pydantic import TypeAdapter

from dendroflow.errors import MorphologyError
from dendroflow.morphology.fetch import fetch
from dendroflow.morphology.files import data_sha256
from dendroflow.settings.morphologies import MorphologySource, NeuroMorpho

SOURCE = TypeAdapter(MorphologySource)
CELL = {"archive": "Wearne Hof", "name": "cnic_001"}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server(branched_swc):
    cells = {"cnic_001": ("Wearne Hof", branched_swc), "c91662": ("Amaral", branched_swc)}
    with NeuroMorphoServer(cells) as running:
        yield running


@pytest.fixture
def bring(tmp_path, branched_swc):
    """Fetch an entry into an empty folder."""

    def fetch_entry(entry, address="http://127.0.0.1:9", pin="right", **limits):
        pins = {"right": data_sha256(branched_swc, "swc"), "none": None}
        source = SOURCE.validate_python(entry | {"sha256": pins.get(pin, pin)})
        defaults = {"timeout_s": 5, "deadline_s": 30, "retries": 0, "backoff_s": 0.01}
        service = NeuroMorpho(address=address, **(defaults | limits))
        target, notes = tmp_path / "out" / "cell.swc", tmp_path / "out" / "cell.json"
        fetch("mine", source, target, notes, neuromorpho=service, root=tmp_path)
        return json.loads(notes.read_text())

    return fetch_entry


def outputs(tmp_path):
    return sorted(path.name for path in (tmp_path / "out").glob("*"))


def test_a_cell_arrives_with_its_metadata_and_citations(server, bring, tmp_path, branched_swc):
    notes = bring({"neuromorpho": CELL}, server.address)
    assert server.paths == [
        "/api/neuron/name/cnic_001",
        "/dableFiles/wearne%20hof/CNG%20version/cnic_001.CNG.swc",
    ]
    assert outputs(tmp_path) == ["cell.json", "cell.swc"]
    assert (tmp_path / "out" / "cell.swc").read_bytes() == branched_swc
    assert notes["record"] == record("cnic_001", "Wearne Hof")
    assert notes["source"] == {"neuromorpho": CELL}
    assert notes["address"] == server.address + server.paths[1]
    assert notes["sha256_of_data_lines"] == data_sha256(branched_swc, "swc")
    assert notes["sha256_of_file"] == hashlib.sha256(branched_swc).hexdigest()
    original, service, database = notes["citations"]
    assert "doi:10.1016/S0306-4522(02)00305-6" in original
    assert "PMID:12204204, PMID:12902394" in original
    assert service == "NeuroMorpho.Org (RRID:SCR_002145)"
    assert "10.1096/fba.2024-00048" in database


def test_what_the_service_says_is_printable(server, bring, monkeypatch):
    said = record("cnic_001", "Wearne Hof") | {"note": ["\x1b[31mred\x07", "\ud800", "two\nlines"]}
    monkeypatch.setattr("neuromorpho_server.record", lambda name, archive: said)
    notes = bring({"neuromorpho": CELL}, server.address)
    assert notes["record"]["note"] == ["\\x1b[31mred\\x07", "\\ud800", "two lines"]


FAULTS = {
    "html": ("html", "is an HTML page, not a morphology; check the address"),
    "redirect loop": ("loop", "more than 5 redirects; check the address"),
    "redirect to ftp": ("ftp", "No connection adapters"),
    "redirect to a file": ("local", "No connection adapters"),
    "redirect to another port": ("other port", "redirects to 127.0.0.1:1, inside this machine"),
    "redirect to this machine": ("by name", "redirects to localhost, inside this machine"),
    "redirect into the network": ("private", "redirects to 10.0.0.1, inside this machine or its"),
    "truncated": ("truncated", "the body is truncated; try again later"),
    "truncated chunks": ("truncated chunks", "the body is truncated; try again later"),
    "empty": ("empty", "the body is empty; try again later"),
    "reset": ("reset", "no connection"),
    "silent": ("silent", "the server is silent for 0.5 s; try again later"),
    "stalled": ("stalled", "the server is silent for 0.5 s; try again later"),
    "drip": ("drip", "not complete after 1.5 s; try again later"),
    "drip headers": ("drip headers", "not complete after 1.5 s; try again later"),
    "busy": ("busy", "the server fails (HTTP 503); try again later"),
    "throttled": ("throttled", "the server fails (HTTP 429); try again later"),
    "broken": ("broken", "the server fails (HTTP 500); try again later"),
    "forbidden": ("forbidden", "HTTP status 403; check the address"),
    "huge": ("huge", "larger than 100000 bytes"),
    "decompression bomb": ("bomb", "larger than 100000 bytes"),
    "not zipped": ("not zipped", "check the address"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["neuromorpho", "url"])
def test_every_fault_is_one_line_and_a_later_run_recovers(server, bring, tmp_path, fault, kind):
    path = "/dableFiles/wearne%20hof/CNG%20version/cnic_001.CNG.swc"
    entry = {"neuromorpho": CELL} if kind == "neuromorpho" else {"url": server.address + path}
    server.fault, reason = FAULTS[fault]
    limits = {"timeout_s": 0.5, "deadline_s": 1.5, "max_bytes": 100_000}
    with pytest.raises(MorphologyError) as caught:
        bring(entry, server.address, **limits)
    message = str(caught.value)
    assert message.startswith(f"morphology 'mine' ({server.address}{path}): ")
    assert reason in message
    assert "\n" not in message
    assert outputs(tmp_path) == []
    server.fault = ""
    assert bring(entry, server.address)["address"] == server.address + path
    assert outputs(tmp_path) == ["cell.json", "cell.swc"]


@pytest.mark.parametrize("fault", ["busy", "throttled", "broken", "reset", "empty", "truncated"])
def test_a_passing_failure_is_retried(server, bring, fault):
    server.fault, server.failures = fault, 2
    bring({"neuromorpho": CELL}, server.address, retries=2)
    assert len(server.paths) == 4


def test_what_cannot_pass_is_not_retried(server, bring):
    server.fault = "forbidden"
    with pytest.raises(MorphologyError):
        bring({"neuromorpho": CELL}, server.address, retries=5)
    assert len(server.paths) == 2


def test_a_long_back_off_ends_before_the_deadline(server, bring):
    server.fault = "busy"
    with pytest.raises(MorphologyError, match="HTTP 503"):
        bring({"neuromorpho": CELL}, server.address, retries=20, backoff_s=60, deadline_s=20)
    assert len(server.paths) == 2


@pytest.mark.parametrize("fault", ["moved", "zipped"])
def test_redirects_and_compression_are_followed(server, bring, fault, tmp_path, branched_swc):
    server.fault = fault
    notes = bring({"neuromorpho": CELL}, server.address)
    assert (tmp_path / "out" / "cell.swc").read_bytes() == branched_swc
    assert notes["address"].endswith("?moved") == (fault == "moved")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("html", "does not answer in JSON"),
        ("json", "does not answer with one neuron"),
        ("empty", "the body is empty"),
        ("busy", "HTTP 503"),
    ],
)
def test_faults_of_the_api(server, bring, tmp_path, fault, reason):
    server.api_fault = fault
    with pytest.raises(MorphologyError) as caught:
        bring({"neuromorpho": CELL}, server.address)
    assert reason in str(caught.value)
    assert f"({server.address}/api/neuron/name/cnic_001)" in str(caught.value)
    assert outputs(tmp_path) == []


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (
            {"archive": "Wearne_Hof", "name": "nobody"},
            "nothing is there (HTTP 404); there is no neuron 'nobody': check "
            "morphologies.mine.neuromorpho.name",
        ),
        (
            {"archive": "Turner", "name": "c91662"},
            "its archive is 'Amaral', not 'Turner'; correct morphologies.mine.neuromorpho.archive",
        ),
    ],
)
def test_a_wrong_name_or_archive_is_named(server, bring, cell, reason):
    with pytest.raises(MorphologyError) as caught:
        bring({"neuromorpho": cell}, server.address)
    assert str(caught.value).endswith(reason)


def test_a_file_that_is_not_where_the_api_says(server, bring, monkeypatch):
    answer = server.answer
    gone = (404, "text/html", b"gone")
    monkeypatch.setattr(server, "answer", lambda path: gone if "dable" in path else answer(path))
    with pytest.raises(MorphologyError, match=r"check morphologies\.mine\.neuromorpho\.archive"):
        bring({"neuromorpho": CELL}, server.address)
    with pytest.raises(MorphologyError, match=r"HTTP 404\); check morphologies\.mine\.url"):
        bring({"url": server.address + "/dableFiles/x.swc"})


def test_no_network(bring, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(
            MorphologyError, match=r"Connection refused.*check the network"
        ) as caught:
            bring({"neuromorpho": CELL}, address, retries=1)
    assert f"morphology 'mine' ({address}/api/" in str(caught.value)
    assert outputs(tmp_path) == []


def test_a_missing_pin_is_printed_to_be_pasted(bring, tmp_path, branched_swc):
    (tmp_path / "mine.swc").write_bytes(branched_swc)
    with pytest.raises(MorphologyError) as caught:
        bring({"file": "mine.swc"}, pin="none")
    digest = data_sha256(branched_swc, "swc")
    assert f"add to morphologies.mine in the configuration:  sha256: {digest}" in str(caught.value)
    assert outputs(tmp_path) == []
    bring({"file": "mine.swc"}, pin=digest.upper())
    assert outputs(tmp_path) == ["cell.json", "cell.swc"]


def test_a_wrong_hash_names_both_and_takes_the_old_file_away(bring, tmp_path, branched_swc):
    (tmp_path / "mine.swc").write_bytes(branched_swc)
    bring({"file": "mine.swc"})
    changed = branched_swc.replace(b"-90 5 0.4", b"-90 5 0.5")
    (tmp_path / "mine.swc").write_bytes(changed)
    with pytest.raises(MorphologyError) as caught:
        bring({"file": "mine.swc"})
    assert data_sha256(branched_swc, "swc") in str(caught.value)
    assert data_sha256(changed, "swc") in str(caught.value)
    assert outputs(tmp_path) == []


def test_comments_and_line_ends_do_not_matter_to_the_pin(bring, tmp_path, branched_swc):
    (tmp_path / "mine.swc").write_bytes(b"# edited\r\n" + branched_swc.replace(b"\n", b"\r\n"))
    bring({"file": "mine.swc"})
    assert (tmp_path / "out" / "cell.swc").read_bytes().startswith(b"# edited\r\n")


def test_a_bad_morphology_is_refused_before_it_is_pinned(bring, tmp_path, branched_swc):
    (tmp_path / "mine.swc").write_bytes(branched_swc.replace(b"0.5 4", b"0.5 99"))
    with pytest.raises(MorphologyError, match=r"\(mine\.swc\), line 6: parent 99 is missing"):
        bring({"file": "mine.swc"}, pin="none")
    assert outputs(tmp_path) == []


def test_local_files_and_packages_that_are_missing(bring, tmp_path):
    with pytest.raises(MorphologyError, match=r"\(cells/none\.swc\): there is no such file"):
        bring({"file": "cells/none.swc"})
    (tmp_path / "folder.swc").mkdir()
    with pytest.raises(MorphologyError, match=r"\(folder\.swc\): cannot be read"):
        bring({"file": "folder.swc"})
    with pytest.raises(MorphologyError, match="the package 'no_such_package' is not installed"):
        bring({"package": "no_such_package", "path": "a.swc"})
    with pytest.raises(MorphologyError, match=r"\(pytest [\d.]+: a\.swc\): there is no such file"):
        bring({"package": "pytest", "path": "a.swc"})
    (tmp_path / "mine.swc").write_bytes(b"#" * 2000)
    with pytest.raises(MorphologyError, match="larger than 1000 bytes"):
        bring({"file": "mine.swc"}, max_bytes=1000)


def test_a_file_of_a_package_is_taken_without_importing_it(bring, tmp_path, l5pc, monkeypatch):
    monkeypatch.delitem(sys.modules, "bluepyopt", raising=False)
    path = l5pc.as_posix().partition("/bluepyopt/")[2]
    digest = data_sha256(l5pc.read_bytes(), "asc")
    notes = bring({"package": "bluepyopt", "path": path}, pin=digest)
    assert (tmp_path / "out" / "cell.swc").read_bytes() == l5pc.read_bytes()
    assert notes["address"].startswith("bluepyopt 1.")
    assert str(tmp_path) not in json.dumps(notes)
    assert "bluepyopt" not in sys.modules


@pytest.fixture(scope="module")
def old_tls(tmp_path_factory):
    """Return a server context with a short Diffie-Hellman key, and its certificate."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl command to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    certificate, key, parameters = (folder / name for name in ("cert.pem", "key.pem", "dh.pem"))
    request = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", *request, *names], check=True, capture_output=True)
    short = ["openssl", "dhparam", "-dsaparam", "-out", parameters, "1024"]
    subprocess.run(short, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
    context.load_cert_chain(certificate, key)
    context.load_dh_params(parameters)
    return context, certificate


def test_a_short_key_is_accepted_from_a_trusted_server_only(
    old_tls, bring, branched_swc, monkeypatch, tmp_path
):
    context, certificate = old_tls
    with NeuroMorphoServer({"cnic_001": ("Wearne Hof", branched_swc)}, tls=context) as server:
        with pytest.raises(MorphologyError, match=r"no trustworthy connection.*self-signed"):
            bring({"neuromorpho": CELL}, server.address)
        assert outputs(tmp_path) == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        bring({"neuromorpho": CELL}, server.address)
        assert outputs(tmp_path) == ["cell.json", "cell.swc"]
