"""Numbers from sufficient statistics: intervals, ratios, event tables. Plain numbers in, small results out."""
