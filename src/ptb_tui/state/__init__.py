"""What the screens show and how it moves, without a terminal: everything here is tested as plain Python."""
