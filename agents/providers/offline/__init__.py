"""The built-in provider: writes real applications from blueprints, without any model."""
