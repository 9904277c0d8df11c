"""Where an agent works: a container with limits of its own, or, for development, a plain process."""
