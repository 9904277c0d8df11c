"""Work on many runs: who looks at what, how far reviewers agree, and which runs share a script."""
