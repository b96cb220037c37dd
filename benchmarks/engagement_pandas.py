"""The engagement measures by hand in pandas, the peer of `engagement_measures.py`.

As its users write it: whole columns, groupby and merge, no loop over rows, one sort of the acts shared by all measures.
It takes for granted what `engagement_sql` does.
"""

from __future__ import annotations

from pathlib import Path

BAND = (10, 15, 30, 60)
VERBS = ["attempt", "submit", "respond", "annotate", "discuss", "tutor_turn"]
COMPLETED = ["completed_diploma", "completed_equivalency", "completed_program"]
WITHDREW = ["withdrawn", "dismissed", "auto_exit", "aged_out", "unknown"]


def measures(folder: Path, first: int, as_of: int) -> dict[str, float]:
    """Return the measures and their components by name."""
    import numpy as np
    import pandas as pd

    def days(dates: pd.Series) -> pd.Series:
        return (pd.to_datetime(dates) - pd.Timestamp(0)).dt.days

    def read(table: str, *columns: str) -> pd.DataFrame:
        return pd.read_parquet(folder / f"{table}.parquet", columns=list(columns) or None)

    def inside(events: pd.DataFrame, day: str) -> pd.DataFrame:
        events = events.merge(episode[["episode_id", "e", "entry", "finish"]], on="episode_id")
        events = events[(events[day] >= events["entry"]) & (events[day] <= events["finish"])]
        return events.drop(columns=["episode_id", "entry", "finish"])

    def local(events: pd.DataFrame) -> pd.DataFrame:
        events["second"] = events.pop("at").dt.as_unit("s").astype("int64") - 25_200
        return inside(events.assign(day=events["second"] // 86_400), "day")

    found: dict[str, float] = {}
    episode = read("episode")
    episode["entry"], gone = days(episode["entry_date"]), days(episode["exit_date"])
    episode["exited"] = (gone <= as_of).fillna(False)
    episode["finish"] = gone.where(episode["exited"], as_of).astype("int64")
    episode["exit_reason"] = episode["exit_reason"].where(episode["exited"])
    episode = episode[episode["entry"] <= as_of].reset_index(names="e")
    spans = episode[["e", "site_id", "entry", "finish"]]

    acts = read("activity", "episode_id", "at", "verb")
    acts = local(acts[acts["verb"].isin(VERBS)].drop(columns="verb"))
    acts = acts.drop_duplicates(["e", "second"]).sort_values(["e", "second"], ignore_index=True)
    work = read("evidence", "episode_id", "at", "kind", "level", "accepted")
    work = local(work[(work["level"] >= 1) & (work["kind"] != "carried_over")])
    work["productive"] = (work["level"] >= 2) & work["accepted"].eq(True)

    # Clock hours and days with an action.
    hour = pd.concat([acts.assign(productive=False), work])[["e", "day", "second", "productive"]]
    hour["hour"] = hour.pop("second") // 3600
    hour = hour.groupby(["e", "day", "hour"], as_index=False)["productive"].max()
    hour["weekday"] = (hour["day"] + 3) % 7
    day = (
        hour.groupby(["e", "day", "weekday"])
        .agg(productive=("productive", "max"), hours=("hour", "size"))
        .reset_index()
    )
    day["week"] = (day["day"] + 3) // 7

    # Closed days of the sites, pauses of the episodes, observable weeks.
    calendar = read("calendar_day")
    calendar = calendar.assign(day=days(calendar["date"]), closed=~(calendar["open"] & calendar["feed_up"]))
    every = read("site", "site_id").merge(pd.DataFrame({"day": range(first - 1, as_of + 2)}), "cross")
    every = every.merge(calendar[["site_id", "day", "closed"]], "left", ["site_id", "day"])
    every["closed"] = every["closed"].eq(True)
    every["before"] = every.groupby("site_id")["closed"].cumsum() - every["closed"]
    pause = read("pause")
    pause = pause.assign(start=days(pause["start_date"]), stop=days(pause["end_date"]))
    pause["day"] = [range(start, stop + 1) for start, stop in zip(pause["start"], pause["stop"], strict=True)]
    paused = inside(pause[["episode_id", "day"]].explode("day").astype({"day": "int64"}), "day").drop_duplicates()
    paused = paused.merge(spans[["e", "site_id"]], on="e").merge(every[~every["closed"]], on=["site_id", "day"])
    paused = paused[["e", "day"]].assign(paused=1, week=(paused["day"] + 3) // 7)

    week = spans.assign(start=(spans["entry"] + 3) // 7, stop=(spans["finish"] + 3) // 7)
    whole = week["start"] == week["stop"]
    head = (week["finish"] - week["entry"] + 1).where(whole, week["start"] * 7 + 4 - week["entry"])
    tail = (week["finish"] - week["stop"] * 7 + 4).where(~whole, 7)
    week["first_week"], week["last_week"] = week["start"] + (head < 4), week["stop"] - (tail < 4)
    week = week.merge(pd.DataFrame({"week": range((first + 3) // 7, (as_of + 3) // 7 + 1)}), "cross")
    week = week[(week["week"] >= week["first_week"]) & (week["week"] <= week["last_week"])]
    week["begin"] = week["entry"].clip(lower=week["week"] * 7 - 3)
    week["after"] = week["finish"].clip(upper=week["week"] * 7 + 3) + 1
    before = every[["site_id", "day", "before"]]
    week = week.merge(before.rename(columns={"day": "begin"}), on=["site_id", "begin"])
    week = week.merge(before.rename(columns={"day": "after", "before": "closed_by"}), on=["site_id", "after"])
    week = week.merge(paused.groupby(["e", "week"], as_index=False)["paused"].sum(), "left", ["e", "week"])
    seen = week["after"] - week["begin"] - (week["closed_by"] - week["before"]) - week["paused"].fillna(0)
    week = week.loc[seen > 0, ["e", "week"]]
    observable = week.groupby("e").size().reindex(episode["e"], fill_value=0)

    # ENG-01, ENG-02.
    active = day.groupby(["e", "week"], as_index=False)["productive"].max().merge(week, on=["e", "week"])
    counts = active.groupby("e")["productive"].agg(["size", "sum"]).reindex(episode["e"], fill_value=0)
    long = observable >= 4
    found["ENG-01"] = counts.loc[long, "size"].sum() / observable[long].sum()
    found["ENG-02"] = counts.loc[long, "sum"].sum() / observable[long].sum()

    # ENG-03.
    gap = acts.groupby("e")["second"].diff()
    number = acts.groupby("e").size()
    sessions = {}
    for minutes in BAND:
        begins = gap.isna() | (gap > minutes * 60)
        session = acts.groupby([acts["e"], begins.cumsum().rename("session")])["second"].agg(["min", "max", "size"])
        session = sessions[minutes] = session.reset_index()
        session["seconds"] = session["max"] - session["min"]
        session["mean"] = session["seconds"] / (session["size"] - 1).clip(lower=1)
        total = session.groupby("e").agg(seconds=("seconds", "sum"), mean=("mean", "sum"), bouts=("e", "size"))
        total = total[number >= 2]
        found[f"ENG-03 drop_{minutes}"] = (total["seconds"] / 60).mean()
        found[f"ENG-03 cap_{minutes}"] = (total["seconds"] / 60 + (total["bouts"] - 1) * minutes).mean()
        found[f"ENG-03 mean_{minutes}"] = ((total["seconds"] + total["mean"]) / 60).mean()

    # ENG-04, ENG-05, ENG-06: every pair of active weeks, learners by the ten thousand to spare memory.
    shape = day.merge(week, on=["e", "week"]).pivot_table(
        index=["e", "week"], columns="weekday", values="hours", aggfunc="sum", fill_value=0
    )
    shape = shape.reindex(columns=range(7), fill_value=0).add_prefix("h").reset_index()
    sums = pd.concat([_alike(part) for _, part in shape.groupby(shape["e"] // 10_000)])
    number = counts["size"].reindex(sums.index)
    pairs, every_pair = number * (number - 1) / 2, observable[sums.index] * (observable[sums.index] - 1) / 2
    kept = number >= 3
    found["ENG-04"] = (sums["weekdays"] / every_pair)[kept].mean()
    found["ENG-05"] = (sums["shape"] / pairs)[kept].mean()
    found["ENG-06"] = (sums["amount"] / every_pair)[kept].mean()

    # ENG-07, ENG-08.
    hour["phase"], hour["of_week"] = hour["hour"] % 24, hour["weekday"] * 24 + hour["hour"] % 24
    number = day.groupby("e").size()
    by_hour, by_day = _histogram(hour, "phase", 24), _histogram(day, "weekday", 7)
    for name, part in (("hour", by_hour), ("weekday", by_day)):
        part = part[number >= 3]
        found["ENG-07" if name == "hour" else "ENG-07 weekday"] = (part["less"] * part["peak"]).mean()
        found[f"ENG-07 {name}_normalized"] = (part["less"] / np.log2(24 if name == "hour" else 7)).mean()
    found["ENG-08"] = by_day.loc[number >= 3, "rhythm"].mean()
    found["ENG-08 hour_of_day"] = by_hour.loc[number >= 3, "rhythm"].mean()
    found["ENG-08 hour_of_week"] = _histogram(hour, "of_week", 168).loc[number >= 3, "rhythm"].mean()

    # ENG-09, ENG-10.
    session = sessions[30]
    session["gap"] = session.groupby("e")["min"].diff()
    gaps = session.dropna(subset="gap")
    middle = gaps.groupby("e")["gap"].median()
    spread = (gaps["gap"] - gaps["e"].map(middle)).abs().groupby(gaps["e"]).median()
    many = gaps.groupby("e").size() >= 2
    found["ENG-09"] = np.floor(middle[many] / 0.36 + 0.5).median() / 10_000
    found["ENG-09 mad"] = np.floor(spread[many] / 0.36 + 0.5).median() / 10_000
    session["week"] = (session["min"] // 86_400 + 3) // 7
    weekly = session.groupby(["e", "week"]).size().rename("n").reset_index().merge(week, on=["e", "week"])
    weekly = weekly[weekly["e"].map(long)]
    weekly["weighted"] = weekly["n"] * np.log2(weekly["n"])
    total = weekly.groupby("e")[["n", "weighted"]].sum()
    found["ENG-10"] = ((np.log2(total["n"]) - total["weighted"] / total["n"]) / np.log2(observable[total.index])).mean()

    # ENG-11, ENG-12: days with an action and both ends, numbered by observable days.
    ends = [spans.assign(day=spans["entry"] - 1)[["e", "day"]], spans.assign(day=spans["finish"] + 1)[["e", "day"]]]
    marks = pd.concat([day[["e", "day"]].assign(act=True, mark=True), *(end.assign(mark=True) for end in ends)])
    marks = marks.merge(paused[["e", "day", "paused"]], "outer", ["e", "day"]).sort_values(["e", "day"])
    marks = marks.merge(episode[["e", "site_id", "entry", "finish", "exited", "exit_reason"]], on="e")
    marks = marks.merge(every, on=["site_id", "day"])
    marks["paused"] = marks["paused"].fillna(0)
    hidden = marks.groupby("e")["paused"].cumsum() - marks["paused"]
    marks["number"] = marks["day"] - marks["before"] - hidden + ((marks["day"] < marks["entry"]) & ~marks["closed"])
    within = (marks["day"] >= marks["entry"]) & (marks["day"] <= marks["finish"])
    marks["seen"] = within & ~marks["closed"] & (marks["paused"] == 0)
    marks = marks[marks["mark"].eq(True)]
    by = marks.groupby("e")
    marks["length"] = by["number"].shift(-1) - marks["number"] - marks["seen"]
    marks["returned"] = by["act"].shift(-1).eq(True)
    observed = by["number"].max() - by["number"].min()
    spell = marks.dropna(subset="length")
    spell = spell.assign(long=spell["length"] >= 14, inside=spell["length"].where(spell["length"] >= 14, 0))
    spell["open"] = spell["long"] & ~spell["returned"] & ~spell["exited"]
    total = spell.groupby("e").agg(
        inside=("inside", "sum"), longest=("length", "max"), long=("long", "sum"), open=("open", "max")
    )
    total, observed = total[observed >= 28], observed[observed >= 28]
    found["ENG-11"] = total["inside"].sum() / observed.sum()
    found["ENG-11 longest"] = total["longest"].median()
    found["ENG-11 spells_per_12_weeks"] = 84 * total["long"].sum() / observed.sum()
    found["ENG-11 open"] = total["open"].mean()
    spell = spell[spell["long"]]
    event = spell["exit_reason"].isin(WITHDREW).map({True: 2, False: 0}).mask(spell["returned"], 1)
    found["ENG-12"] = _incidence(spell["length"] - 14, event, 28)

    # ENG-13.
    there = episode[~episode["exit_reason"].isin(["moved_away", "deceased"])]
    completed = there["exit_reason"].isin(COMPLETED)
    moved_on = there["exit_reason"].eq("transfer") & there["exit_documented"].eq(True)
    silent_on = there["e"].map(day.groupby("e")["day"].max()).fillna(there["entry"]) + 28
    silent = (silent_on < there["finish"]) & ~completed
    left = silent | (there["exited"] & ~completed & ~there["exit_reason"].eq("finished_not_passed") & ~moved_on)
    time = silent_on.where(silent, there["finish"].mask(completed, as_of)) - there["entry"]
    found["ENG-13"] = 1 - _incidence(time, left.astype(int), 180)

    # ENG-14, ENG-15.
    offer = read("learning_opportunity", "episode_id", "date", "kind", "taken")
    offer = inside(offer.assign(day=days(offer["date"])), "day")
    found["ENG-14"] = 1 - offer["taken"].mean()
    found["ENG-14 asynchronous"] = 1 - offer.loc[offer["kind"] == "asynchronous", "taken"].mean()
    answer = read("survey_response").query("respondent == 'learner'")
    answer = inside(answer.assign(day=days(answer["date"])), "day")
    answer = answer[answer["day"] == answer.groupby("e")["day"].transform("max")]
    answer["n"] = answer["items_answered"].where(answer["status"] == "answered", 0)
    answer["x"] = answer["score"] * answer["n"]
    total = answer.groupby("e")[["n", "x", "items_asked"]].sum()
    total = total[(total["n"] > 0) & (total["n"] * 100 >= total["items_asked"] * 80)]
    found["ENG-15"] = (total["x"] / total["n"]).mean()
    return {name: float(value) for name, value in found.items()}


def _alike(weeks):  # type: ignore[no-untyped-def]
    """Sums over pairs of weeks of their likeness by weekdays, shape and amount."""
    import numpy as np
    import pandas as pd

    pair = weeks.merge(weeks, on="e", suffixes=("", "_other"))
    pair = pair[pair["week"] < pair["week_other"]]
    one = pair[[f"h{d}" for d in range(7)]].to_numpy(float)
    other = pair[[f"h{d}_other" for d in range(7)]].to_numpy(float)
    p, q = one / one.sum(1, keepdims=True), other / other.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        own, its = (np.nansum(x * np.log2(2 * x / (p + q)), 1) for x in (p, q))
        away = np.nansum(((one - other) / (one + other)) ** 2, 1) / ((one + other) > 0).sum(1)
    shared = ((one > 0) & (other > 0)).sum(1) / np.maximum((one > 0).sum(1), (other > 0).sum(1))
    alike = pd.DataFrame({"e": pair["e"], "weekdays": shared, "shape": 1 - (own + its) / 2, "amount": 1 - away})
    return alike.groupby("e").sum().reindex(weeks["e"].unique(), fill_value=0)


def _histogram(active, phase: str, bins: int):  # type: ignore[no-untyped-def]
    """Peak, lack of entropy and rhythm of the phases of each episode."""
    import numpy as np

    count = active.groupby(["e", phase]).size().rename("n").reset_index()
    turn = 2 * np.pi * count[phase] / bins
    count["weighted"] = count["n"] * np.log2(count["n"])
    count["cosine"], count["sine"] = count["n"] * np.cos(turn), count["n"] * np.sin(turn)
    total = count.groupby("e").agg(
        n=("n", "sum"), peak=("n", "max"), w=("weighted", "sum"), c=("cosine", "sum"), s=("sine", "sum")
    )
    total["less"] = np.log2(bins) - np.log2(total["n"]) + total["w"] / total["n"]
    total["rhythm"] = np.hypot(total["c"], total["s"]) / total["n"]
    return total


def _incidence(time, event, horizon: int) -> float:  # type: ignore[no-untyped-def]
    """Aalen-Johansen estimate of event 1, with event 2 competing."""
    import pandas as pd

    table = pd.crosstab(time, event).reindex(columns=[0, 1, 2], fill_value=0).sort_index()
    at_risk = table.sum(axis=1)[::-1].cumsum()[::-1]
    free = (1 - (table[1] + table[2]) / at_risk).cumprod().shift(1, fill_value=1.0)
    return float((free * table[1] / at_risk).loc[:horizon].sum())
