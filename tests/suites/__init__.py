"""Tests of the book's machinery: catalogue, judge, tally, timeline, and the daemon that keeps every rule."""
