"""The product over memory stores: the message path without a disk, on the product's own loop and engine.

    python -m benches.load.our_server --data DIR

The product over SQLite is simply `visavis serve`.
"""

import argparse
import os
import sys
from pathlib import Path

from benches.load.stores import open_memory
from monitoring.metrics import Metrics
from visavis.config import Config
from visavis.config_load import ensure_data_dir, ensure_dev_secret, load_config
from visavis.lifecycle import serve
from visavis.wiring import Stores


def bench_config(data: Path) -> Config:
    """Development mode on a free port; the limits come from the environment."""
    options = {
        ("server", "dev"): ("true", "--dev"),
        ("server", "port"): ("0", "--port"),
        ("server", "data"): (str(data), "--data"),
    }
    config = load_config(env=os.environ, options=options)
    ensure_data_dir(config)
    return ensure_dev_secret(config)


async def _memory(config: Config, metrics: Metrics) -> Stores:
    return open_memory()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    sys.exit(serve(bench_config(parser.parse_args().data), open_stores=_memory))
