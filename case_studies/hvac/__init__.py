"""An office under a decision tree: its model, its weather, baselines, extraction and repair."""
