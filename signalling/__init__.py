"""The door: Socket.IO connections, who is behind them, and events to and from the services."""
