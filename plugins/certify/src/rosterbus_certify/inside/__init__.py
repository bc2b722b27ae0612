"""What runs in a fresh process, where the wheel comes first: scripts that are started by path."""
