"""Every check can fail: a daemon or a history broken on purpose for each rule."""
