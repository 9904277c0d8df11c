"""The kernel witness that needs no privileges: strace, in its seccomp mode."""
