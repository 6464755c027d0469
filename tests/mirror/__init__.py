"""Tests of the mirror subject: values, playing, rules, command."""
