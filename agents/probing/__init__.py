"""Finds out what a model can do: each check asks it as the pipeline would, and the pipeline's own readers judge."""
