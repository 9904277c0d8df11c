"""What commands do, by their text, apart from rules."""
