"""What the benchmark's authors consume: their own file formats, a patch for their judges' answers, evidence to read."""
