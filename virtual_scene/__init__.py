"""The place that people walk in together while they talk: who stands where, who holds what."""
