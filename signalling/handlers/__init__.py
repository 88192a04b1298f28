"""One file of handlers per protocol file; every module of this folder is loaded."""

import importlib
import pkgutil

from signalling.handlers.base import HANDLERS, Handler

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["HANDLERS", "Handler"]
