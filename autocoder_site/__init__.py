"""Settings, URLs and ASGI entry point of the Autocoder site."""
