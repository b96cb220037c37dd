"""Read and write submissions."""
