"""The SQL screen without a terminal: what is typed, what is asked, what came back."""
