"""How good samples are: metrics, the networks whose features they read, protocols."""
