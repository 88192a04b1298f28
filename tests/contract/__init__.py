"""One suite per port, run over every back end that implements it."""
