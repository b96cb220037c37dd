// A calculator in plain JavaScript, written from spec/ and its vectors alone. It claims three measures of the standard.
//
//   blended-standard conformance run --command "node examples/conformance/calculator.mjs" --class calculator
//
// With --careless it takes days from UTC instead of the clock of the site, which the kit finds.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const careless = process.argv.includes("--careless");
const verbs = JSON.parse(readFileSync(new URL("../../spec/standard.json", import.meta.url), "utf8"))
  .codes.find((list) => list.id === "verb")
  .codes.filter((code) => code.qualifying)
  .map((code) => code.code);
const DAY = 86_400_000;

const dayOf = (date) => Date.parse(`${date}T00:00:00Z`) / DAY;
const weekOf = (day) => Math.floor((day + 3) / 7); // 1970-01-01 was a Thursday; weeks begin on Monday
const clocks = new Map();

function localDay(instant, zone) {
  if (careless) return Math.floor(Date.parse(instant) / DAY);
  if (!clocks.has(zone)) clocks.set(zone, new Intl.DateTimeFormat("en-CA", { timeZone: zone }));
  return dayOf(clocks.get(zone).format(new Date(instant)));
}

/** One of equal records, and none of those that share a key and differ. */
function single(rows, key) {
  const found = new Map();
  for (const row of rows ?? []) {
    const text = JSON.stringify(Object.entries(row).filter(([, value]) => value !== null).sort());
    found.set(row[key], (found.get(row[key]) ?? new Map()).set(text, row));
  }
  return [...found.values()].filter((versions) => versions.size === 1).flatMap((versions) => [...versions.values()]);
}

function staysOf(tables, asOf) {
  const programs = new Map((tables.program ?? [{ program_id: "p", time_zone: "UTC" }]).map((row) => [row.program_id, row]));
  const sites = new Map((tables.site ?? [{ site_id: "s", program_id: "p" }]).map((row) => [row.site_id, row]));
  return single(tables.episode, "episode_id")
    .filter((row) => dayOf(row.entry_date) <= asOf && (row.exit_date || !row.exit_reason))
    .filter((row) => !row.exit_date || row.exit_date >= row.entry_date)
    .map((row) => {
      const site = sites.get(row.site_id ?? "s");
      const exit = row.exit_date ? dayOf(row.exit_date) : Infinity;
      return {
        id: row.episode_id,
        learner: row.learner_id ?? row.episode_id,
        site: site.site_id,
        zone: site.time_zone ?? programs.get(site.program_id).time_zone,
        entry: dayOf(row.entry_date),
        last: Math.min(exit, asOf),
      };
    });
}

/** The weeks of a stay in which learning could be seen. */
function observableWeeks(stay, tables, edge) {
  const hidden = new Set();
  for (const row of tables.calendar_day ?? []) {
    if (row.site_id === stay.site && !(row.open && row.feed_up)) hidden.add(dayOf(row.date));
  }
  for (const row of tables.pause ?? []) {
    if (row.episode_id !== stay.id) continue;
    for (let day = dayOf(row.start_date); day <= dayOf(row.end_date); day += 1) hidden.add(day);
  }
  const enrolled = new Map();
  for (let day = stay.entry; day <= stay.last; day += 1) {
    enrolled.set(weekOf(day), [...(enrolled.get(weekOf(day)) ?? []), day]);
  }
  const kept = [...enrolled].filter(([, days]) => days.length >= edge && days.some((day) => !hidden.has(day)));
  return new Set(kept.map(([week]) => week));
}

function learningDays(stay, tables, productive) {
  const work = (tables.evidence ?? []).filter((row) => {
    if (row.kind === "carried_over") return false;
    return productive ? (row.level ?? 0) >= 2 && row.accepted === true : (row.level ?? 0) >= 1;
  });
  const acts = productive ? [] : (tables.activity ?? []).filter((row) => verbs.includes(row.verb));
  return [...work, ...acts]
    .filter((row) => row.episode_id === stay.id)
    .map((row) => localDay(row.at, stay.zone))
    .filter((day) => stay.entry <= day && day <= stay.last);
}

function weekRate(productive) {
  return ({ tables, as_of, parameters }) => {
    const { minimum_weeks = 4, minimum_edge_days = 4 } = parameters ?? {};
    if (!tables.evidence && (productive || !tables.activity)) return { units: [] };
    const units = staysOf(tables, dayOf(as_of)).map((stay) => {
      const weeks = observableWeeks(stay, tables, minimum_edge_days);
      const acted = new Set(learningDays(stay, tables, productive).map(weekOf).filter((week) => weeks.has(week)));
      const excluded = weeks.size < minimum_weeks ? "too_short" : null;
      return { learner: stay.learner, x: acted.size, y: weeks.size, excluded };
    });
    return { units };
  };
}

function verifiedMastery({ tables, as_of, parameters }) {
  const { verified_level = 3 } = parameters ?? {};
  const stays = new Map(staysOf(tables, dayOf(as_of)).map((stay) => [stay.id, stay]));
  const units = single(tables.mastery_decision, "decision_id")
    .filter((row) => row.mastered && row.date <= as_of && stays.has(row.episode_id))
    .map((row) => ({
      learner: stays.get(row.episode_id).learner,
      x: (row.evidence_level ?? -1) >= verified_level ? 1 : 0,
      y: 1,
      excluded: row.prior_learning ? "prior_learning" : row.revoked ? "revoked" : null,
    }));
  return { units };
}

/** The ratio of the sums over all units, with its linearized error over learners. */
function ratioOfSums({ units }) {
  const excluded = {};
  for (const unit of units) if (unit.excluded) excluded[unit.excluded] = (excluded[unit.excluded] ?? 0) + 1;
  const kept = units.filter((unit) => !unit.excluded);
  const learners = new Map();
  for (const { learner, x, y } of kept) {
    const before = learners.get(learner) ?? { x: 0, y: 0 };
    learners.set(learner, { x: before.x + x, y: before.y + y });
  }
  const sums = [...learners.values()];
  const numerator = sums.reduce((sum, { x }) => sum + x, 0);
  const denominator = sums.reduce((sum, { y }) => sum + y, 0);
  const answer = { n: kept.length, excluded, value: null, se: null };
  if (denominator === 0) return { ...answer, status: "not_computable", reason: "no unit has a denominator" };
  const value = numerator / denominator;
  const squares = sums.reduce((sum, { x, y }) => sum + (x - value * y) ** 2, 0);
  const se = sums.length < 2 ? null : Math.sqrt((sums.length / (sums.length - 1)) * squares) / denominator;
  return { ...answer, numerator, denominator, value, se, status: "ok" };
}

const measures = { "ENG-01": weekRate(false), "ENG-02": weekRate(true), "CMP-05": verifiedMastery };

function answer({ cmd, seq, kind, input }) {
  if (cmd === "start") {
    return { version: 1, name: "calculator.mjs", implementation_version: "1.0.0", claims: Object.keys(measures) };
  }
  if (kind !== "measure" || !(input.measure in measures)) return { seq, skipped: "not claimed" };
  return { seq, output: ratioOfSums(measures[input.measure](input)) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.cmd === "stop") break;
  console.log(JSON.stringify(answer(request)));
}
