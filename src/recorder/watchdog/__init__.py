"""Sees to it that nothing runs on unrecorded when the recorder dies: a small process of its own that outlives it.

It holds the reading end of a pipe whose writing end only the recorder has. The end of the pipe without a goodbye means
that the recorder is gone; the recorded processes are then frozen, and ended after a grace in which a person can look at
them. They cannot go on recorded: their output was piped to the recorder, and what a traced process calls without its
strace fails.
"""
