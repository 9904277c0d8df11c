"""The repository itself: packaging, imports, documents."""
