"""What a mirror is held to, by topic. Each rule is a pure function of what happened."""
