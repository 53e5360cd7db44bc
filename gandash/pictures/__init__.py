"""Arrays to pictures: grids, scatter plots, charts."""
