"""What a run's commands and scripts do by their own text: the only witness of flows that an imported transcript has."""
