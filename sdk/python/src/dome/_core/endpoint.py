"""Where a key may go, and what a key looks like: checked here, before anything is sent."""

from __future__ import annotations

import ipaddress
import re
import zlib
from urllib.parse import urlsplit

from dome._core.secret import Secret
from dome.errors import ConfigurationError

_KEY = re.compile(r"dome_at_[0-9A-Za-z]{49}", re.ASCII)
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_LENGTH = 6


def checked_key(key: Secret) -> Secret:
    """Return the key if it has the form of one: prefix, 43 base62 digits, and their CRC-32 as six more.

    Raises:
        ConfigurationError: it is no API key, or not all of one. The message does not repeat it.
    """
    text = key.reveal()
    if not isinstance(text, str) or not text.startswith("dome_at_"):
        raise ConfigurationError("invalid_key", "this is no API key of an agent: those begin with dome_at_")
    if _KEY.fullmatch(text) is None or _checksum(text[:-_CHECKSUM_LENGTH]) != text[-_CHECKSUM_LENGTH:]:
        raise ConfigurationError("invalid_key", "the key is not complete, or mistyped: copy it again")
    return key


def checked_url(url: str, *, insecure_http: bool) -> str:
    """Return the URL without a slash at its end.

    Raises:
        ConfigurationError: it is no http(s) URL of a service, or the key would cross a network in the clear.
    """
    if not isinstance(url, str) or re.search(r"[^\x21-\x7e]", url) is not None:
        raise ConfigurationError("invalid_url", "base_url is no URL: it has a space or a non-ASCII character")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError("invalid_url", "base_url is no URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigurationError("invalid_url", "base_url must begin with https://, and name a host")
    if parts.username is not None or parts.password is not None or "?" in url or "#" in url:
        raise ConfigurationError("invalid_url", "base_url must have no user, no query and no fragment")
    if parts.scheme == "http" and not insecure_http and not _is_loopback(host):
        raise ConfigurationError(
            "invalid_url", "http:// would show the key to the network: use https://, or insecure_http=True"
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    """Return True for an address that only this machine reaches."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _checksum(unsummed: str) -> str:
    value = zlib.crc32(unsummed.encode())
    digits = ""
    for _ in range(_CHECKSUM_LENGTH):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
