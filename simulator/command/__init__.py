"""``python -m simulator serve``: what people type and see."""
