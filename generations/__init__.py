"""The Django app: it stores, queues, shows and guards runs of the engine in ``agents``."""
