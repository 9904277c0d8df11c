"""Reading shell: the syntax, and what a command does with content."""
