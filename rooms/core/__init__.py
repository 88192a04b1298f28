"""Decisions about rooms: synchronous, no I/O, time as an argument."""
