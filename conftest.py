"""pytest options and wiring, for the suites and for the project's own tests."""

pytest_plugins = ["suites.plugin"]
