"""A real server, real sockets, a real browser."""
