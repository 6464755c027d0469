"""Sockets, TLS, names and time: everything that moves bytes, and nothing that decides what they are."""
