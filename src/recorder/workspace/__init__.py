"""What the run wrote: contents of its files, taken from outside when they are closed.

The files belong to the adversary. A path can be a symlink to the reviewer's keys by the time it is read, a FIFO
that never answers, a device, a terabyte of nothing; so each is opened beneath the sandbox's root, looked at
before it is read, and read with bounds.
"""
