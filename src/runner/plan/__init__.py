"""Many runs: agents × tasks × seeds, run here one after the other or handed to the cluster's own scheduler."""
