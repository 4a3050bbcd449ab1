"""Downloads that end: bounded in time, in size and in the number of redirects and attempts."""

import queue
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter

from dendroflow.settings.morphologies import NeuroMorpho

T = TypeVar("T")

MAX_REDIRECTS = 5
_TRANSIENT = (429, 500, 502, 503, 504)


class DownloadError(Exception):
    """A download that failed: what happened, and what may help."""


class NotFoundError(DownloadError):
    """The server answers that there is nothing at the address."""


class _TransientError(DownloadError):
    """A failure that may pass."""


class _OldKeyExchange(HTTPAdapter):
    """Accept short Diffie-Hellman keys; certificates are verified as ever."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = ssl.create_default_context()
        context.set_ciphers("DEFAULT:@SECLEVEL=1")
        super().init_poolmanager(*args, ssl_context=context, **kwargs)


class Downloader:
    """Downloads for one morphology, which share the deadline of the limits."""

    def __init__(self, limits: NeuroMorpho) -> None:
        self.limits = limits
        self.end = time.monotonic() + limits.deadline_s
        self.session = requests.Session()
        self.session.max_redirects = MAX_REDIRECTS
        self.session.headers.update({"User-Agent": "dendroflow", "Accept-Encoding": "identity"})

    def get(self, url: str) -> bytes:
        """Return the body at an address.

        Raises
        ------
        NotFoundError
            If the server answers 404 or 410.
        DownloadError
            For every other failure, the last one where retries did not help.
        """
        try:
            return within(self.end - time.monotonic(), lambda: self._persist(url))
        except TimeoutError:
            raise DownloadError(
                f"not complete after {self.limits.deadline_s:g} s; try again later, or raise "
                "deadline_s"
            ) from None

    def _persist(self, url: str) -> bytes:
        """Return the body, repeating the request after failures that may pass."""
        for attempt in range(self.limits.retries):
            try:
                return self._attempt(url)
            except _TransientError:
                wait = self.limits.backoff_s * 2**attempt
                if time.monotonic() + wait > self.end:
                    raise
                time.sleep(wait)
        return self._attempt(url)

    def _attempt(self, url: str) -> bytes:
        try:
            return self._body(url)
        except requests.exceptions.SSLError as error:
            if "DH_KEY_TOO_SMALL" not in str(error) or self._is_lenient():
                raise self._failure(error) from error
        except requests.RequestException as error:
            raise self._failure(error) from error
        self.session.mount("https://", _OldKeyExchange())
        return self._attempt(url)

    def _failure(self, error: requests.RequestException) -> DownloadError:
        """Return what an error of requests means and what to do about it."""
        transient = True
        match error:
            case requests.exceptions.SSLError():
                transient = False
                message = f"no trustworthy connection ({_reason(error)}); check the certificates"
            case requests.exceptions.ChunkedEncodingError():
                message = "the body is truncated; try again later"
            case requests.Timeout() | requests.ConnectionError() if "timed out" in str(error):
                message = f"the server is silent for {self.limits.timeout_s:g} s; try again later"
            case requests.ConnectionError():
                message = f"no connection ({_reason(error)}); check the network and the address"
            case requests.TooManyRedirects():
                transient = False
                message = f"more than {MAX_REDIRECTS} redirects; check the address"
            case _:
                transient = False
                message = f"{_reason(error)}; check the address"
        return _TransientError(message) if transient else DownloadError(message)

    def _body(self, url: str) -> bytes:
        limit = self.limits.max_bytes
        with self.session.get(url, timeout=self.limits.timeout_s, stream=True) as response:
            status = response.status_code
            if status in (404, 410):
                raise NotFoundError(f"nothing is there (HTTP {status})")
            if status in _TRANSIENT:
                raise _TransientError(f"the server fails (HTTP {status}); try again later")
            if status != 200:
                raise DownloadError(f"HTTP status {status}; check the address")
            body = bytearray()
            for chunk in response.iter_content(8192):
                body += chunk
                if len(body) > limit:
                    raise DownloadError(f"larger than {limit} bytes; check it, or raise max_bytes")
                if time.monotonic() > self.end:
                    raise TimeoutError
        if not body.strip():
            raise _TransientError("the body is empty; try again later")
        return bytes(body)

    def _is_lenient(self) -> bool:
        return isinstance(self.session.get_adapter("https://"), _OldKeyExchange)


def within(seconds: float, task: Callable[[], T]) -> T:
    """Return `task()`, or stop waiting for it.

    A server that sends a byte now and then resets every timeout of a socket; so the whole runs in
    a thread that is left behind, to die with the process.

    Raises
    ------
    TimeoutError
        If it takes longer than `seconds`.
    """
    results: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            results.put((task(), None))
        except BaseException as error:
            results.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    try:
        value, error = results.get(timeout=max(seconds, 0.0))
    except queue.Empty:
        raise TimeoutError from None
    if error is not None:
        raise error
    return value  # type: ignore[return-value]


def _reason(error: BaseException) -> str:
    """Return the innermost message of a chain of errors, on one line."""
    text = " ".join(str(error).split())
    return text.rpartition(": ")[2].strip("')\" ")[:200] or type(error).__name__
