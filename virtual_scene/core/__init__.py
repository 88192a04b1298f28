"""The rules of a scene, without input and output."""
