"""Sees to it that nothing runs on unrecorded when the recorder dies: a small process of its own that outlives it.

It holds the reading end of a pipe whose writing end only the recorder has. The end of the pipe without a goodbye means
that the recorder is gone; the recorded processes are then frozen, and ended after a grace. In the grace a container can
be recorded on: ``ptb record --container`` lets it go on once it looks. A command cannot: its output was piped to the
recorder, and what a traced process calls without its strace fails.
"""
