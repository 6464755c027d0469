"""The simulator's own tests."""

from hypothesis import settings

QUICK = settings(deadline=None, max_examples=40)
"""For property tests on a machine that others use, too."""
