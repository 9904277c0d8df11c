"""Joins what the agent said it ran to the process that ran it.

A command of the transcript and an exec of a shell are one thing when the shell was given the command's text inside
the time between call and result. Where texts cannot decide, a shell of the agent's own that alone falls into that time
is taken; where neither decides, the command stays without a process, and says so.
"""
