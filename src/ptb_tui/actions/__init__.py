"""What a person can do in the app; ``id`` is also the name under which a key can be remapped."""
