"""Talk help: topics, icebreakers, games' prompts."""
