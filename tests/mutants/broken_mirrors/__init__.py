"""Mirrors that are broken on purpose: our own, with something between it and its clients that spoils one thing."""
