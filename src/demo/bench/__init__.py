"""How well the detectors do on the known-truth corpus: plays every run, looks at it, and compares with the truth."""
