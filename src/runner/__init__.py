"""How an agent is run and scored: sandbox, scoring, leaderboard."""
