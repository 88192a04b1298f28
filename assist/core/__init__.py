"""Decisions about talk help: synchronous, no I/O, seeds as arguments."""
