"""The engagement measures by hand in DuckDB's SQL, the peer of `engagement_measures.py`.

Written for speed: episodes get a number, the acts are sorted once, every further step starts from a compact table. It
takes for granted what the benchmark's data grant and the library does not: keys are unique, the zone has no summer
time, no row is malformed. It computes the numbers alone, without errors, exclusions, coverage or groups.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

BAND = (10, 15, 30, 60)
DAYS = range(7)


EPISODES = """
create temp table episode as
select (row_number() over ())::int as e, * from (
  select episode_id, site_id, (entry_date - date '1970-01-01')::int as entry, (entry + 3) // 7 as start,
         least(coalesce((exit_date - date '1970-01-01')::int, {as_of}), {as_of}) as finish, (finish + 3) // 7 as stop,
         coalesce((exit_date - date '1970-01-01')::int <= {as_of}, false) as exited,
         case when exited then exit_reason end as reason, coalesce(exit_documented, false) as documented
  from '{folder}/episode.parquet'
) where entry <= {as_of}
"""

# Of the acts in order, those that begin or end a bout (no gap above 10 minutes) and the first of each clock hour.
EDGES = """
create temp table edge as
select e, second, number, gap is null or gap > 600 as begins, ahead is null or ahead > 600 as ends,
       gap is null or second // 3600 <> (second - gap) // 3600 as new_hour
from (
  select e, second, second - lag(second) over o as gap, lead(second) over o - second as ahead,
         dense_rank() over o as number
  from (
    select e, epoch_us("at") // 1000000 - 25200 as second, entry, finish
    from '{folder}/activity.parquet' join episode using (episode_id)
    where verb in ('attempt', 'submit', 'respond', 'annotate', 'discuss', 'tutor_turn')
  ) where second >= entry * 86400::bigint and second < (finish + 1) * 86400::bigint
  window o as (partition by e order by second)
) where begins or ends or new_hour
"""

BOUTS = """
create temp table bout10 as
select e, second as start, if(ends, second, next_second) as stop, if(ends, 1, next_number - number + 1) as acts
from (
  select e, second, number, begins, ends, lead(second) over o as next_second, lead(number) over o as next_number
  from edge where begins or ends window o as (partition by e order by second, ends)
) where begins
"""

MERGED = """
create temp table bout{longer} as
select e, min(start) as start, max(stop) as stop, sum(acts)::int as acts from (
  select *, sum(begins) over (partition by e order by start) as bout from (
    select *, (start - lag(stop, 1, -1000000) over (partition by e order by start) > {longer} * 60)::int as begins
    from bout{shorter}
  )
) group by e, bout
"""

HOURS = """
create temp table hour as
select e, day, hour, max(productive) as productive from (
  select e, (second // 86400)::int as day, (second // 3600 % 24)::tinyint as hour, 0::tinyint as productive
  from edge where new_hour
  union all
  select e, day, (second // 3600 % 24)::tinyint, (level >= 2 and coalesce(accepted, false))::tinyint
  from (
    select e, entry, finish, epoch_us("at") // 1000000 - 25200 as second, (second // 86400)::int as day, level, accepted
    from '{folder}/evidence.parquet' join episode using (episode_id)
    where level >= 1 and kind <> 'carried_over'
  ) where day between entry and finish
) group by all
"""

DAYS_ACTIVE = """
create temp table day as
select e, day, (day + 3) // 7 as week, (day + 3) % 7 as weekday, count(*)::int as hours, max(productive) as productive
from hour group by e, day
"""

CALENDAR = """
create temp table site_day as
select site_id, day, closed, (sum(closed) over (partition by site_id order by day) - closed)::int as before
from (
  select site_id, day, coalesce(closed, 0) as closed
  from (select site_id, unnest(range({first} - 1, {as_of} + 2))::int as day from '{folder}/site.parquet')
  left join (
    select site_id, (date - date '1970-01-01')::int as day, 1 as closed
    from '{folder}/calendar_day.parquet' where not (open and feed_up)
  ) using (site_id, day)
);
create temp table paused as
select e, day from (
  select distinct e, site_id, unnest(range(greatest((start_date - date '1970-01-01')::int, entry),
                                           least((end_date - date '1970-01-01')::int, finish) + 1))::int as day
  from '{folder}/pause.parquet' join episode using (episode_id)
) join site_day using (site_id, day) where closed = 0;
create temp table span as
select *, start + (if(start = stop, finish - entry + 1, start * 7 + 4 - entry) < 4)::int as first_week,
       stop - (start <> stop and finish - stop * 7 + 4 < 4)::int as last_week
from episode;
create temp table hidden as
with busy as (select site_id, (day + 3) // 7 as week from site_day where closed = 1 group by all having count(*) >= 4),
pauses as (select e, (day + 3) // 7 as week, count(*) as days from paused group by all)
select e, week from (
  select e, week from pauses union select e, week from span join busy using (site_id)
) join span using (e) left join pauses using (e, week)
join site_day a on a.site_id = span.site_id and a.day = greatest(week * 7 - 3, entry)
join site_day b on b.site_id = span.site_id and b.day = least(week * 7 + 3, finish) + 1
where week between first_week and last_week and b.day - a.day - (b.before - a.before) = coalesce(pauses.days, 0);
create temp table observable as
select e, first_week, last_week, greatest(last_week - first_week + 1 - coalesce(lost, 0), 0) as weeks
from span left join (select e, count(*) as lost from hidden group by e) using (e)
"""

WEEKS = """
create temp table week as
select e, week, max(productive) as productive,
       {hours}
from day join observable using (e)
where week between first_week and last_week and (e, week) not in (select (e, week) from hidden)
group by e, week
""".format(hours=", ".join(f"coalesce(sum(hours) filter (weekday = {d}), 0)::int as h{d}" for d in DAYS))

ENG_01_02 = """
select unnest(['ENG-01', 'ENG-02']), unnest([sum(active), sum(productive)]) / sum(weeks)
from observable left join (select e, count(*) as active, sum(productive) as productive from week group by e) using (e)
where weeks >= 4
"""

_BOUTS = " union all ".join(f"select e, start, stop, acts, {m} as minutes from bout{m}" for m in BAND)
_FORMS = {"drop": "seconds / 60", "cap": "seconds / 60 + (bouts - 1) * minutes", "mean": "(seconds + mean) / 60"}
ENG_03 = f"""
with total as (
  select e, minutes, sum(stop - start) as seconds, sum((stop - start) / greatest(acts - 1, 1)) as mean,
         count(*) as bouts, sum(acts) as acts
  from ({_BOUTS}) group by e, minutes
)
select 'ENG-03 ' || unnest({list(_FORMS)}) || '_' || minutes,
       unnest([{", ".join(f"avg({form})" for form in _FORMS.values())}])
from total where acts >= 2 group by minutes
"""

_U = [f"(a.h{d} * b.total + b.h{d} * a.total)" for d in DAYS]
_SETS = {
    "shared": " + ".join(f"(a.h{d} > 0 and b.h{d} > 0)::int" for d in DAYS),
    "either": " + ".join(f"(a.h{d} > 0 or b.h{d} > 0)::int" for d in DAYS),
    "mixed": " + ".join(f"{u} * log2(greatest({u}, 1))" for u in _U),
    "away": " + ".join(f"((a.h{d} - b.h{d}) / greatest(a.h{d} + b.h{d}, 1)) ** 2" for d in DAYS),
}
ENG_04_05_06 = f"""
with sized as (
  select *, {" + ".join(f"h{d}" for d in DAYS)} as total, {" + ".join(f"(h{d} > 0)::int" for d in DAYS)} as days,
         log2(total) - ({" + ".join(f"h{d} * log2(greatest(h{d}, 1))" for d in DAYS)}) / total as entropy
  from week
), pair as (
  select e, a.entropy + b.entropy as entropies, 2 * a.total * b.total as size, greatest(a.days, b.days) as most,
         {", ".join(f"{sql} as {name}" for name, sql in _SETS.items())}
  from sized a join sized b using (e) where a.week < b.week
), alike as (
  select e, sum(shared / most) as ws1, sum(1 - (log2(size) - mixed / size) + entropies / 2) as ws2,
         sum(1 - away / either) as ws3
  from pair group by e
), active as (select e, count(*) as active from week group by e having active >= 3)
select unnest(['ENG-04', 'ENG-05', 'ENG-06']), unnest([
  avg(ws1 / (weeks * (weeks - 1) / 2)), avg(ws2 / (active * (active - 1) / 2)), avg(ws3 / (weeks * (weeks - 1) / 2))])
from active join alike using (e) join observable using (e)
"""

ENG_07_08 = """
with by_hour as (select e, hour, count(*) as n from hour group by e, hour),
by_day as (select e, weekday, count(*) as n from day group by e, weekday),
hours as (
  select e, log2(24) - log2(sum(n)) + sum(n * log2(n)) / sum(n) as less, max(n) as peak,
         sqrt(sum(n * cos(hour * pi() / 12)) ** 2 + sum(n * sin(hour * pi() / 12)) ** 2) / sum(n) as rhythm
  from by_hour group by e
), days as (
  select e, log2(7) - log2(sum(n)) + sum(n * log2(n)) / sum(n) as less, max(n) as peak, sum(n) as days,
         sqrt(sum(n * cos(weekday * 2 * pi() / 7)) ** 2 + sum(n * sin(weekday * 2 * pi() / 7)) ** 2) / sum(n) as rhythm
  from by_day group by e
), circle as (select p, cos(p * pi() / 84) as c, sin(p * pi() / 84) as s from range(168) t(p)),
week_hours as (
  select e, sqrt(sum(c) ** 2 + sum(s) ** 2) / count(*) as rhythm
  from hour join circle on p = (day + 3) % 7 * 24 + hour group by e
)
select unnest(['ENG-07', 'ENG-07 hour_normalized', 'ENG-07 weekday', 'ENG-07 weekday_normalized', 'ENG-08',
               'ENG-08 hour_of_day', 'ENG-08 hour_of_week']),
       unnest([avg(h.less * h.peak), avg(h.less / log2(24)), avg(d.less * d.peak), avg(d.less / log2(7)),
               avg(d.rhythm), avg(h.rhythm), avg(w.rhythm)])
from hours h join days d using (e) join week_hours w using (e) where days >= 3
"""

ENG_09 = """
with gap as (
  select e, gap from (select e, start - lag(start) over (partition by e order by start) as gap from bout30)
  where gap is not null
), middle as (select e, median(gap) as middle from gap group by e having count(*) >= 2),
spread as (
  select e, any_value(middle) as middle, median(abs(gap - middle)) as spread from gap join middle using (e) group by e
)
select unnest(['ENG-09', 'ENG-09 mad']), unnest([median(round(middle / 0.36)), median(round(spread / 0.36))]) / 10000
from spread
"""

ENG_10 = """
with weekly as (
  select e, (start // 86400 + 3) // 7 as week, count(*) as n from bout30 group by all
), total as (
  select e, sum(n) as total, sum(n * log2(n)) as weighted, any_value(weeks) as weeks
  from weekly join observable using (e)
  where weeks >= 4 and week between first_week and last_week and (e, week) not in (select (e, week) from hidden)
  group by e
)
select 'ENG-10', avg((log2(total) - weighted / total) / log2(weeks)) from total
"""

SPELLS = """
create temp table spell as
with marks as (
  select e, day, 1 as act, 1 as mark, 0 as skipped from day
  union all select e, entry - 1, 0, 1, 0 from episode
  union all select e, finish + 1, 0, 1, 0 from episode
  union all select e, day, 0, 0, 1 from paused
), merged as (
  select e, day, max(act) as act, max(mark) as mark, max(skipped) as skipped from marks group by all
), numbered as (
  select e, act, day, mark, entry, finish, reason, exited,
         (closed = 0 and skipped = 0 and day between entry and finish)::int as seen,
         day - before - (sum(skipped) over (partition by e order by day) - skipped)
         + (day < entry and closed = 0)::int as number
  from merged join episode using (e) join site_day using (site_id, day)
), followed as (
  select *, lead(number) over o as later, lead(act) over o as returned, min(number) over (partition by e) as least,
         max(number) over (partition by e) as most
  from numbered where mark = 1 window o as (partition by e order by day)
)
select e, later - number - seen as length, returned = 1 as returned, reason, exited, most - least as observed
from followed where later is not null
"""

ENG_11 = """
with total as (
  select e, any_value(observed) as observed, sum(if(length >= 14, length, 0)) as inside, max(length) as longest,
         count(*) filter (length >= 14) as long, max((length >= 14 and not returned and not exited)::int) as open
  from spell group by e having observed >= 28
)
select unnest(['ENG-11', 'ENG-11 longest', 'ENG-11 spells_per_12_weeks', 'ENG-11 open']),
       unnest([sum(inside) / sum(observed), median(longest), 84 * sum(long) / sum(observed), avg(open)])
from total
"""

_RISK = """
at_risk as (
  select time, done, other, sum(n) over (order by time desc) as risk
  from (
    select time, count(*) as n, count(*) filter (event = 1) as done, count(*) filter (event = 2) as other
    from timed group by time
  )
), free as (
  select *, exp(coalesce(sum(ln(greatest(1 - (done + other) / risk, 1e-300))) over (
    order by time rows between unbounded preceding and 1 preceding), 0)) as before
  from at_risk
)"""

ENG_12 = f"""
with timed as (
  select length - 14 as time, case when returned then 1 when exited and reason in
    ('withdrawn', 'dismissed', 'auto_exit', 'aged_out', 'unknown') then 2 else 0 end as event
  from spell where length >= 14
), {_RISK}
select 'ENG-12', sum(before * done / risk) from free where time <= 28
"""

ENG_13 = f"""
with ends as (
  select *, coalesce(reason in ('completed_diploma', 'completed_equivalency', 'completed_program'), false) as completed,
         coalesce(reason = 'finished_not_passed', false) as stayed,
         coalesce(reason = 'transfer', false) and documented as moved_on, coalesce(act, entry) + 28 as silent_on
  from episode left join (select e, max(day) as act from day group by e) using (e)
  where coalesce(reason not in ('moved_away', 'deceased'), true)
), timed as (
  select if(silent_on < finish and not completed, silent_on, if(completed, {{as_of}}, finish)) - entry as time,
         (not completed and (silent_on < finish or exited and not stayed and not moved_on))::int as event
  from ends
), {_RISK}
select 'ENG-13', exp(sum(ln(1 - (done + other) / risk))) from free where time <= 180
"""

ENG_14 = """
select unnest(['ENG-14', 'ENG-14 asynchronous']),
       unnest([avg((not taken)::int), avg((not taken)::int) filter (kind = 'asynchronous')])
from '{folder}/learning_opportunity.parquet' join episode using (episode_id)
where date - date '1970-01-01' between entry and finish
"""

ENG_15 = """
with inside as (
  select * from '{folder}/survey_response.parquet' join episode using (episode_id)
  where respondent = 'learner' and date - date '1970-01-01' between entry and finish
), latest as (
  select e, sum(items_answered) filter (status = 'answered') as answered, sum(items_asked) as asked,
         sum(score * items_answered) filter (status = 'answered') as weighted
  from inside join (select e, max(date) as date from inside group by e) using (e, date) group by e
)
select 'ENG-15', avg(weighted / answered) from latest where answered * 100 >= asked * 80
"""

TABLES = (EPISODES, EDGES, BOUTS, *(MERGED.format(shorter=a, longer=b) for a, b in pairwise(BAND)))
TABLES = (*TABLES, HOURS, "drop table edge", DAYS_ACTIVE, CALENDAR, WEEKS, SPELLS)
QUERIES = (ENG_01_02, ENG_03, ENG_04_05_06, ENG_07_08, ENG_09, ENG_10, ENG_11, ENG_12, ENG_13, ENG_14, ENG_15)


def measures(folder: Path, first: int, as_of: int, limit: str | None = None) -> dict[str, float]:
    """Return the measures and their components by name."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("set TimeZone='UTC'; set preserve_insertion_order=false; set enable_progress_bar=false")
        if limit:
            connection.execute(f"set memory_limit='{limit}'")
        names = {"folder": folder, "first": first, "as_of": as_of}
        for statement in TABLES:
            connection.execute(statement.format(**names))
        return {
            name: value for query in QUERIES for name, value in connection.execute(query.format(**names)).fetchall()
        }
