"""How a run comes to be: witnesses (kernel, GPU, transcript, workspace) and importers that write to the store."""
