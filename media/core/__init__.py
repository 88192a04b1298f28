"""Decisions about calls and media: synchronous, no I/O, time as an argument."""
