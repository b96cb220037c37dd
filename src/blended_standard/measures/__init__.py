"""The measures of the catalogue, each defined once over tables."""
