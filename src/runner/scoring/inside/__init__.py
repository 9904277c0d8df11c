"""The program that evaluates, run by the harness's own interpreter; ptb itself never imports it."""
