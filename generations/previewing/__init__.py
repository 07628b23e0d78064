"""Delivered applications that people open in a browser or try on a form, and the process that runs them."""
