"""The engine: agents, stages, providers, sandboxes and languages. Knows nothing of Django."""
