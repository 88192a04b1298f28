"""What the ports of the domain are made of: databases, buses, files."""
