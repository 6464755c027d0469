"""Whether the simulator is a registry as the OCI distribution-spec 1.1 describes one: black-box checks over HTTP."""
