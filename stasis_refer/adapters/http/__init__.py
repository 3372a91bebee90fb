"""Our own web server."""

from stasis_refer.adapters.http.connections import ConnectionLimits, Connections
from stasis_refer.adapters.http.server import HttpServer

__all__ = ["ConnectionLimits", "Connections", "HttpServer"]
