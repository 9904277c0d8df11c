"""Reading Python: which values a program loads, and what of them it writes where."""
