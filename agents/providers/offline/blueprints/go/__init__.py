"""Blueprints in Go, with nothing but its standard library."""
