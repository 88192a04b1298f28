"""The Socket.IO engine: protocol, transports and their bounds. The only home of private names of the libraries."""

from signalling.engine.frames import CloseCode
from signalling.engine.manager import LocalManager
from signalling.engine.options import CloseCause, EngineHooks, EngineOptions, Refusal
from signalling.engine.stock import EngineServer, create_server

__all__ = [
    "CloseCause",
    "CloseCode",
    "EngineHooks",
    "EngineOptions",
    "EngineServer",
    "LocalManager",
    "Refusal",
    "create_server",
]
