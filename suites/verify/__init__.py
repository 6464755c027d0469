"""``mirror-conformance verify``: whether a host will really use its mirrors, and how that is known."""
