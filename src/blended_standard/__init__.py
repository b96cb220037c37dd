"""One consistent standard of outcomes for blended-learning programs."""
