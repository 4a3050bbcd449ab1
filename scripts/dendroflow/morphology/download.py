"""Downloads that end: bounded in time, in size and in the number of redirects and attempts."""

import ipaddress
import multiprocessing
import socket
import ssl
import time
from multiprocessing.pool import ThreadPool
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from requests.adapters import HTTPAdapter

from dendroflow.settings.morphologies import NeuroMorpho

MAX_REDIRECTS = 5
_TRANSIENT = (429, 500, 502, 503, 504)


class DownloadError(Exception):
    """A download that failed: what happened, and what may help."""


class NotFoundError(DownloadError):
    """The server answers that there is nothing at the address."""


class _TransientError(DownloadError):
    """A failure that may pass."""


class _ShortKeys(HTTPAdapter):
    """Accepts the short Diffie-Hellman keys of NeuroMorpho.Org; certificates are verified."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = ssl.create_default_context()
        context.set_ciphers("DEFAULT:@SECLEVEL=1")
        super().init_poolmanager(*args, ssl_context=context, **kwargs)


class _Session(requests.Session):
    """Follows no redirect into this machine or its network, unless it is to a server that is asked.

    Attributes
    ----------
    asked
        hosts, with their ports, that the configuration names.
    """

    asked: set[str]

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a response redirects to, if it does."""
        target = super().get_redirect_target(resp)
        if target:
            parts = urlsplit(urljoin(resp.url, target))
            web = parts.scheme in ("http", "https")
            if web and parts.netloc not in self.asked and _is_inside(parts.hostname or ""):
                raise DownloadError(
                    f"redirects to {parts.netloc}, inside this machine or its network; check the "
                    "address, or write that one if it is meant"
                )
        return target


def _is_inside(host: str) -> bool:
    """Whether a name stands for an address that is none of the internet's."""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    addresses = {str(each[4][0]).partition("%")[0] for each in found}
    return not all(ipaddress.ip_address(address).is_global for address in addresses)


class Downloader:
    """Downloads for one morphology, which share a deadline.

    Parameters
    ----------
    limits
        Timeout, retries, back-off, deadline (s) and largest size (bytes).

    Attributes
    ----------
    came_from
        The address of the last body, after redirects.
    """

    def __init__(self, limits: NeuroMorpho) -> None:
        self.limits = limits
        self.end = time.monotonic() + limits.deadline_s
        self.came_from = ""
        self.session = _Session()
        self.session.asked = {urlsplit(limits.address).netloc}
        self.session.max_redirects = MAX_REDIRECTS
        self.session.headers.update({"User-Agent": "dendroflow", "Accept-Encoding": "identity"})
        if limits.address.startswith("https://"):
            self.session.mount(limits.address, _ShortKeys())

    def get(self, url: str) -> bytes:
        """Return the body at an address.

        Raises
        ------
        NotFoundError
            If the server answers 404 or 410.
        DownloadError
            For every other failure, the last one where retries did not help.
        """
        self.session.asked.add(urlsplit(url).netloc)
        # A server that sends a byte now and then resets every timeout of a socket; so the whole
        # runs in a thread that is left behind, to die with the process.
        pool = ThreadPool(1)
        try:
            return pool.apply_async(self._persist, (url,)).get(max(self.end - time.monotonic(), 0))
        except (TimeoutError, multiprocessing.TimeoutError):
            raise DownloadError(
                f"not complete after {self.limits.deadline_s:g} s; try again later, or raise "
                "deadline_s"
            ) from None
        finally:
            pool.close()

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
        except requests.RequestException as error:
            raise self._failure(error) from error

    def _failure(self, error: requests.RequestException) -> DownloadError:
        """Return what an error of requests means and what to do about it."""
        # Its messages are chains of errors, of which the innermost says what happened.
        text = " ".join(str(error).split())
        reason = text.rpartition(": ")[2].strip("')\" ")[:200] or type(error).__name__
        match error:
            case requests.exceptions.SSLError():
                return DownloadError(
                    f"no trustworthy connection ({reason}); check the certificates"
                )
            case requests.exceptions.ChunkedEncodingError():
                return _TransientError("the body is truncated; try again later")
            case requests.Timeout() | requests.ConnectionError() if "timed out" in text:
                silent = f"the server is silent for {self.limits.timeout_s:g} s"
                return _TransientError(f"{silent}; try again later")
            case requests.ConnectionError():
                return _TransientError(
                    f"no connection ({reason}); check the network and the address"
                )
            case requests.TooManyRedirects():
                reason = f"more than {MAX_REDIRECTS} redirects"
        return DownloadError(f"{reason}; check the address")

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
            self.came_from = str(response.url)
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
