"""The rules: pure functions from what happened to what is to be said of it, by the chapters of the book."""
