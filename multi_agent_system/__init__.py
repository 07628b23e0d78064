"""The import path that the Python interface is documented under."""
