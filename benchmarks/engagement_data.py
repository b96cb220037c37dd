"""Seeded records of a large program for the benchmark of the engagement measures, made by DuckDB into Parquet.

Every value is a hash of its row number, so that any machine makes the same records in any order. Learners enter over
17 weeks, keep to weekdays and hours of their own, work in sessions, fall silent, pause, leave and come back; sites
close for holidays and lose their feed. Rows are shuffled; some acts are ties, some lie outside the episode, some
values are missing. The zone has no summer time, which spares the peers, not us, the rules of clocks.
"""

from __future__ import annotations

from pathlib import Path

FIRST, LAST = 20_332, 20_331 + 28 * 7  # Monday 2025-09-01, and the Sunday 28 weeks later
AS_OF = "2026-03-15"
HOURS_WEST = 7  # America/Phoenix

_MACROS = """
create macro mixed(i, salt) as hash(hash(i, salt));  -- hash alone leaves the low bits of two salts related
create macro draw(i, salt, n) as (mixed(i, salt) % n)::int;
create macro name(i) as 'e' || printf('%08d', i);
create macro date_of(day) as date '1970-01-01' + day::int;
create macro instant(second) as make_timestamp((second + {west} * 3600)::bigint * 1000000)::timestamptz
"""

_LEARNERS = """
create temp table learners as
select i::int as i, {first} + draw(i, 'entry', 119) as entry,
       case when draw(i, 'leaves', 10) < 3 then {first} + draw(i, 'entry', 119) + draw(i, 'stay', 160) end as gone,
       4 + draw(i, 'sessions', 34) as sessions, draw(i, 'weekday', 7) as weekday, 8 + draw(i, 'hour', 10) as hour,
       case when draw(i, 'silent', 5) = 0 then {first} + draw(i, 'silence', 150) end as silence
from range({learners}) t(i)
"""

# The moment of act i: a session of a learner, its day (often the favorite weekday, never inside a silence) and hour.
_MOMENTS = """
with drawn as (
  select i, draw(i, 'learner', {learners}) as l, mixed(i, 'session') as s from range({begin}, {end}) t(i)
), placed as (
  select d.i, d.l, n.*, mixed(d.l, d.s % n.sessions) as session
  from drawn d join learners n on n.i = d.l
), dayed as (
  select *, entry + (session % (least(coalesce(gone, {last}), {last}) - entry + 4)::ubigint)::int as any_day from placed
), chosen as (
  select *, case when session // 1000 % 2 = 0 then any_day - (any_day + 3) % 7 + weekday else any_day end as wished
  from dayed
)
select i, l, 86400 * (case when wished between silence and silence + 39 then wished + 40 else wished end)::bigint
  + 3600 * (hour + (session // 7 % 5)::int) + (session // 35 % 3600)::int
  + draw(i, 'second', 1 + draw(session, 'length', 5400)) as second
from chosen
"""

_TABLES = {
    "program": "select 'p' as program_id, 'P' as name, 'America/Phoenix' as time_zone",
    "site": "select 's' || i as site_id, 'p' as program_id, 'S' || i as name from range(40) t(i)",
    "learner": "select name(i) as learner_id from learners",
    "episode": """
        select name(i) as episode_id, name(i) as learner_id, 's' || draw(i, 'site', 40) as site_id,
               date_of(entry) as entry_date, date_of(gone) as exit_date,
               case when gone is not null then
                 ['completed_diploma', 'withdrawn', 'transfer', 'moved_away', 'auto_exit'][1 + draw(i, 'reason', 5)]
               end as exit_reason,
               draw(i, 'documented', 2) = 0 as exit_documented
        from learners""",
    "activity": """
        select name(l) as episode_id, instant(second) as at,
               ['attempt', 'submit', 'respond', 'annotate', 'discuss', 'login', 'page_view', 'heartbeat']
               [1 + draw(i, 'verb', 8)] as verb
        from ({moments})""",
    "evidence": """
        select 'v' || i as evidence_id, name(l) as episode_id, instant(second) as at,
               case when draw(i, 'kind', 33) = 0 then 'carried_over' else 'assignment' end as kind,
               nullif(draw(i, 'level', 6), 5) as level,
               [true, true, false, null][1 + draw(i, 'accepted', 4)] as accepted
        from ({moments})""",
    "calendar_day": """
        select 's' || s as site_id, date_of(day) as date, day not between {first} + 112 and {first} + 125 as open,
               draw(day, s, 40) > 0 as feed_up
        from range(40) t(s), range({first}, {last} + 1) u(day)""",
    "pause": """
        select 'q' || i as pause_id, name(i) as episode_id, date_of(entry + draw(i, 'from', 60)) as start_date,
               date_of(entry + draw(i, 'from', 60) + draw(i, 'until', 30)) as end_date
        from learners where draw(i, 'pause', 20) = 0""",
    "learning_opportunity": """
        select 'o' || i as opportunity_id, name(draw(i, 'of', {learners})) as episode_id,
               date_of({first} + draw(i, 'day', 196)) as date,
               ['live', 'in_person', 'asynchronous'][1 + draw(i, 'way', 3)] as kind, draw(i, 'taken', 4) > 0 as taken
        from range({offers}) t(i)""",
    "survey_response": """
        select 'r' || i || '-' || w as survey_response_id, name(i) as episode_id,
               date_of(entry + 30 * (w // 2)::int) as date, 'learner' as respondent,
               case when draw(i * 8 + w, 'status', 4) > 0 then 'answered' else 'refused' end as status,
               ['affective', 'cognitive'][1 + (w % 2)::int] as subscale, 10 as items_asked,
               5 + draw(i * 8 + w, 'items', 6) as items_answered, draw(i * 8 + w, 'score', 101) / 100 as score
        from learners, range(4) t(w)""",
}


def generate(folder: Path, events: int, *, memory_limit: str = "2GB") -> None:
    """Write the tables of `events` acts and pieces of work, of 200 a learner, to `folder`."""
    import duckdb

    learners, acts = max(10, events // 200), events * 4 // 5
    numbers = {"first": FIRST, "last": LAST, "west": HOURS_WEST, "learners": learners, "offers": events // 20}
    moments = {
        "activity": _MOMENTS.format(begin=0, end=acts, **numbers),
        "evidence": _MOMENTS.format(begin=acts, end=events, **numbers),
    }
    with duckdb.connect() as connection:
        connection.execute("set TimeZone='UTC'; set preserve_insertion_order=false; set enable_progress_bar=false")
        connection.execute(f"set memory_limit='{memory_limit}'")
        connection.execute(_MACROS.format(**numbers))
        connection.execute(_LEARNERS.format(**numbers))
        for table, query in _TABLES.items():
            filled = query.format(moments=moments.get(table, ""), **numbers)
            target = folder / f"{table}.parquet"
            connection.execute(f"copy ({filled}) to '{target}' (format parquet, compression zstd)")
