"""What two runs have in common and what only one of them did: figures side by side, deeds told apart by a normal form."""
