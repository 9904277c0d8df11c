"""What this machine can record, sandbox and score with, found by trying rather than by asking for versions."""
