"""Forwarding engines: one interface, several implementations."""
