"""The fake mirror: its policy, its cache, and the programs by which it fetches from an upstream registry."""
