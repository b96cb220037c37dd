"""The worked examples W1 to W7 of the design page, as systems of cells."""

import numpy as np

from blended_standard.privacy import CellSystem, PrimarySuppression, build_tables


def crossed(rows, columns, body, *, names=("row", "column"), **options):
    """A two-way table from its body."""
    cells = {names[0]: [], names[1]: [], "n": []}
    for row, line in zip(rows, body, strict=True):
        for column, value in zip(columns, line, strict=True):
            cells[names[0]].append(row)
            cells[names[1]].append(column)
            cells["n"].append(value)
    return build_tables(cells, dimensions=names, **options)


def needs(system: CellSystem, hidden, *, up=1.0, down=1.0) -> PrimarySuppression:
    """Sensitive cells that have to move up by `up` and down by `down`, at most to zero."""
    hidden = np.asarray(hidden, bool)
    values = system.values
    return PrimarySuppression(
        hidden=hidden,
        need_high=values + up * hidden,
        need_low=values - np.minimum(down, values) * hidden,
        need_length=np.zeros(values.size),
        rules=tuple("given" if each else "" for each in hidden),
    )


def mask(system: CellSystem, keys):
    hidden = np.zeros(len(system), bool)
    hidden[[system.position(key) for key in keys]] = True
    return hidden


def w1():
    """FCSM Statistical Policy Working Paper 22; threshold 5, the starred cells."""
    body = [[15, 1, 3, 1], [20, 10, 10, 15], [3, 10, 10, 2], [12, 14, 7, 2]]
    system = crossed(["Alpha", "Beta", "Gamma", "Delta"], ["low", "med", "high", "very high"], body)
    return system, (system.values < 5)


def w2():
    """sdcTable `microdata1`."""
    return crossed(["A", "B", "C", "D"], ["male", "female"], [[18, 2], [14, 19], [12, 10], [11, 14]])


GEO = {"geo": {"EU": ["Spain", "Portugal"], "nonEU": ["Iceland"]}}


def w3(hierarchy=False):
    """GaussSuppression `example1`, 2014."""
    body = [[5, 2, 0], [6, 3, 4]]
    options = {"hierarchies": GEO} if hierarchy else {}
    return crossed(["young", "old"], ["Spain", "Iceland", "Portugal"], body, names=("age", "geo"), **options)


def w5():
    """The same for 2015, where young Iceland is impossible."""
    rows = {
        "age": ["young", "young", "old", "old", "old"],
        "geo": ["Spain", "Portugal", "Spain", "Iceland", "Portugal"],
        "n": [5, 0, 6, 3, 4],
    }
    return build_tables(rows, dimensions=("age", "geo"), absent="structural")


def w6():
    """Linked tables: age x eu x year and geo x year."""
    rows = [
        ("young", "Spain", "2014", 6),
        ("young", "Iceland", "2014", 8),
        ("old", "Spain", "2014", 9),
        ("old", "Portugal", "2014", 1),
        ("young", "Iceland", "2015", 2),
        ("old", "Spain", "2015", 4),
        ("old", "Portugal", "2015", 3),
        ("young", "Spain", "2016", 7),
        ("young", "Iceland", "2016", 2),
        ("young", "Portugal", "2016", 2),
    ]
    columns = dict(zip(("age", "geo", "year", "n"), map(list, zip(*rows, strict=True)), strict=True))
    return build_tables(
        columns,
        dimensions=("age", "geo", "year"),
        hierarchies=GEO,
        tables=[
            {"age": None, "geo": ["EU", "nonEU", "Total"], "year": None},
            {"geo": ["Spain", "Portugal", "Iceland", "Total"], "year": None},
        ],
        absent="structural",
    )


def w7():
    """Site in program in state by reached / not."""
    sites = ["A1", "A2", "A3", "B1", "B2", "B3"]
    body = [[4, 9], [21, 16], [18, 12], [2, 30], [17, 25], [40, 11]]
    tree = {"site": {"A": ["A1", "A2", "A3"], "B": ["B1", "B2", "B3"]}}
    return crossed(sites, ["reached", "not"], body, names=("site", "outcome"), hierarchies=tree)
