"""What makes a registry Docker Hub: tokens, accounts, limits, the CDN, search."""
