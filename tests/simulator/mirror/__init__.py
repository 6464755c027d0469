"""Tests of the fake mirror."""
