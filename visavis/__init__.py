"""Configuration, wiring, HTTP and the command line."""
