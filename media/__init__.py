"""Calls: signalling state, the media relay and its quality measures. Empty until calls are built."""
