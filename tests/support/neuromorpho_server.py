"""A loopback server that speaks NeuroMorpho.Org's API and file layout, faults included."""

import gzip
import json
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PAGE = b"<!DOCTYPE html>\n<html><body>NeuroMorpho.Org is under maintenance</body></html>\n"
BOMB = gzip.compress(b"# padding\n" * 1_000_000)


def record(name: str, archive: str) -> dict[str, Any]:
    """Return the fields of an API record that matter here."""
    return {
        "neuron_id": 227,
        "neuron_name": name,
        "archive": archive,
        "experiment_condition": ["Control"],
        "soma_surface": "834.0",
        "shrinkage_corrected": None,
        "reference_pmid": ["12204204", "12902394"],
        "reference_doi": ["10.1016/S0306-4522(02)00305-6"],
    }


class NeuroMorphoServer:
    """Serves cells on 127.0.0.1 until the `with` block ends.

    `fault` names what goes wrong with files, `api_fault` with the API; `failures` is for how many
    requests, forever if it is None. `paths` lists the paths that were asked for. `records` are
    found by `/neuron/select`, in pages of at most `page_size`.
    """

    def __init__(self, cells: dict[str, tuple[str, bytes]], tls: ssl.SSLContext | None = None):
        self.cells = cells
        self.fault = ""
        self.api_fault = ""
        self.failures: int | None = None
        self.paths: list[str] = []
        self.records: list[dict[str, Any]] = []
        self.page_size = 500
        self.stopping = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.http.daemon_threads = True
        self.http.block_on_close = False
        if tls:
            self.http.socket = tls.wrap_socket(
                self.http.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "https" if tls else "http"
        self.address = f"{scheme}://127.0.0.1:{self.http.server_address[1]}"

    def __enter__(self) -> "NeuroMorphoServer":
        threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.http.shutdown()
        self.http.server_close()

    def fault_of(self, path: str) -> str:
        fault = self.api_fault if path.startswith("/api/") else self.fault
        if not fault or self.failures == 0:
            return ""
        if self.failures is not None:
            self.failures -= 1
        return fault

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Return status, content type and body of a request to which nothing happens."""
        if path.startswith("/api/neuron/select?"):
            return self.select(parse_qs(urlsplit(path).query))
        parts = unquote(path).strip("/").split("/")
        if parts[:3] == ["api", "neuron", "name"] and parts[3] in self.cells:
            archive, _ = self.cells[parts[3]]
            return 200, "application/json", json.dumps(record(parts[3], archive)).encode()
        if parts[:1] == ["api"]:
            missing = {"status": 404, "error": "Not Found", "message": "Requested neuron not found"}
            return 404, "application/json", json.dumps(missing).encode()
        for name, (archive, data) in self.cells.items():
            if parts == ["dableFiles", archive.lower(), "CNG version", f"{name}.CNG.swc"]:
                return 200, "text/plain", data
        return 404, "text/html", PAGE

    def select(self, query: dict[str, list[str]]) -> tuple[int, str, bytes]:
        """Answer as the API does: a page of the records that meet `q` and all `fq`."""
        terms = [term.partition(":")[::2] for term in query["q"] + query.get("fq", [])]
        found = [
            record
            for record in self.records
            if all(_has(record, field, value.strip('"')) for field, value in terms)
        ]
        if not found:
            missing = {"status": 404, "error": "Not Found", "message": "Requested neuron not found"}
            return 404, "application/json", json.dumps(missing).encode()
        size, page = min(int(query["size"][0]), self.page_size), int(query["page"][0])
        content = {
            "_embedded": {"neuronResources": found[page * size : (page + 1) * size]},
            "page": {
                "size": size,
                "totalElements": len(found),
                "totalPages": -(-len(found) // size),
                "number": page,
            },
        }
        return 200, "application/json", json.dumps(content).encode()


def _has(record: dict[str, Any], field: str, value: str) -> bool:
    actual = record.get(field)
    return value.casefold() in [
        str(item).casefold() for item in (actual if isinstance(actual, list) else [actual])
    ]


def handler_of(server: NeuroMorphoServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.paths.append(self.path)
            status, kind, body = server.answer(self.path)
            fault = server.fault_of(self.path)
            padding = b"# padding\n"
            zipped = {"Content-Encoding": "gzip"}
            replies: dict[str, tuple[int, bytes, dict[str, str]]] = {
                "": (status, body, {}),
                "busy": (503, PAGE, {}),
                "throttled": (429, PAGE, {}),
                "broken": (500, PAGE, {}),
                "forbidden": (403, PAGE, {}),
                "loop": (301, b"", {"Location": self.path}),
                "ftp": (301, b"", {"Location": "ftp://127.0.0.1/x.swc"}),
                "local": (301, b"", {"Location": "file:///x.swc"}),
                "other port": (301, b"", {"Location": "http://127.0.0.1:1/x.swc"}),
                "by name": (301, b"", {"Location": "http://localhost/x.swc"}),
                "private": (301, b"", {"Location": "//10.0.0.1/x.swc"}),
                "html": (200, PAGE, {}),
                "json": (200, b"[1, 2]", {}),
                "empty": (200, b"", {}),
                "huge": (200, body + padding * 20_000, {}),
                "bomb": (200, BOMB, zipped),
                "zipped": (200, gzip.compress(body), zipped),
                "not zipped": (200, body, zipped),
            }
            if fault == "moved":
                self.moved()
            elif fault in replies:
                status, body, headers = replies[fault]
                self.reply(status, kind, body, **headers)
            else:
                self.break_off(fault, kind, body)

        def moved(self) -> None:
            if self.path.endswith("?moved"):
                self.reply(*server.answer(self.path.removesuffix("?moved")))
            else:
                self.reply(302, "text/plain", b"", Location=self.path + "?moved")

        def reply(self, status: int, kind: str, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for key, value in {"Content-Type": kind, **headers}.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def break_off(self, fault: str, kind: str, body: bytes) -> None:
            """Begin to answer, and do not finish."""
            if fault == "silent":
                server.stopping.wait()
            elif fault == "reset":
                self.connection.shutdown(socket.SHUT_RDWR)
            elif fault == "drip headers":
                self.drip(b"HTTP/1.1 200 OK\r\nX-Padding: " + b"x" * 10_000)
            elif fault == "truncated chunks":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                self.wfile.write(b"%x\r\n%b" % (len(body), body[: len(body) // 2]))
            else:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                if fault == "stalled":
                    server.stopping.wait()
                elif fault == "drip":
                    self.drip(body[len(body) // 2 :])
            self.close_connection = True

        def drip(self, data: bytes) -> None:
            for k in range(len(data)):
                if server.stopping.wait(0.05):
                    return
                self.wfile.write(data[k : k + 1])
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            pass

    return Handler
