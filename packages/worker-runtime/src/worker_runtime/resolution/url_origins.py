"""The origin of a URL: scheme, host and port, with the scheme's own port left out (RFC 6454)."""

from functools import lru_cache
from urllib.parse import urlsplit

OWN_PORTS = {"http": 80, "https": 443}


@lru_cache(maxsize=1024)
def get_origin(url: str) -> str:
    """Return the origin of an http or https URL without userinfo: `https://api.example.com`."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port is None or parts.port == OWN_PORTS.get(parts.scheme):
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{parts.port}"
