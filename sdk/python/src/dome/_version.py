"""The version of this package; a test compares it with the one place that says it, the repository's package."""

__version__ = "0.1.0"
