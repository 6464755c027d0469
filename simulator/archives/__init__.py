"""Images that come from disk: OCI image layouts and what ``docker save`` writes."""
