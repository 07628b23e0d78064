"""Measures a provider with a suite of tasks: an ordinary run of each, and a check of what it delivered."""
