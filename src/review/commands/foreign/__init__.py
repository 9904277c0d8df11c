"""Reading programs in languages other than Python and shell."""
