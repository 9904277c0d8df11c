"""What the agent's commands do, read from their text: told by a transcript, or executed as a process saw them.

``issued`` is the commands of a run, ``acts`` the same followed through the content that they take in and give out, and
``programs`` what they ran that the agent wrote. ``shell`` and ``python`` read the two languages; ``effects`` is the
words in which both say what a text does. Nothing is executed, and every text is the adversary's.
"""
