"""Where suggestions come from: one file per provider, each a capability object of `assist.ports`."""
