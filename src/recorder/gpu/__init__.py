"""What the GPUs did: samples read from NVIDIA's management library, NVML."""
