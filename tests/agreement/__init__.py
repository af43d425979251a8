"""The warehouse against the independent calculation, the worked examples and the demo's truth."""
