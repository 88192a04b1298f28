"""The shared place two people walk in. Empty until scenes are built."""
