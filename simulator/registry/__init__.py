"""A registry as the OCI distribution-spec has it: names, content, what is held, how it is read and pushed."""
