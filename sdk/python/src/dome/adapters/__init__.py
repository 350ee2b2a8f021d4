"""Thin layers for agent frameworks. Each needs the extra of its name."""
