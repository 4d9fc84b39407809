"""Loyalty: what customers earn and spend. The arithmetic of points is here, without a database."""
