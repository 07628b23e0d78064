"""Views: fetch through ``access``, call one function, render or redirect."""
