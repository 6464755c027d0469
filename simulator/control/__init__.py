"""The control API: its JSON, and its server."""
