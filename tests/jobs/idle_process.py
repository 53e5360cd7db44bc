"""A process that does nothing until it is killed: ``python -m tests.jobs.idle_process``."""

import time

if __name__ == "__main__":
    while True:
        time.sleep(60)
