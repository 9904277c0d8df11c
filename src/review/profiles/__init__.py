"""Rule profiles as data: what each version of the rules makes of a fact."""
