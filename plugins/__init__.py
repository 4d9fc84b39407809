"""The built-in policy types, one folder each, found and loaded exactly as a third-party plugin is."""
