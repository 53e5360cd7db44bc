"""Work beside the web server: the queue of runs, its worker, and single tasks."""
