// A producer of records in plain JavaScript: it writes what it is asked into a directory, as JSON Lines.
//
//   blended-standard conformance run --command "node examples/conformance/producer.mjs" --class producer-record
//
// With --careless it writes CSV by joining values with commas, which the kit finds.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

const careless = process.argv.includes("--careless");
const own = {
  program: [{ program_id: "p", name: "Our program", time_zone: "America/New_York" }],
  site: [{ site_id: "s", program_id: "p", name: "Our site" }],
  learner: [{ learner_id: "l1" }],
  episode: [{ episode_id: "e1", learner_id: "l1", site_id: "s", entry_date: "2025-09-02" }],
};

function asJsonLines(rows) {
  return rows.map((row) => JSON.stringify(row) + "\n").join("");
}

function asCarelessCsv(rows) {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return [names, ...rows.map((row) => names.map((name) => row[name] ?? ""))].map((row) => row.join(",") + "\n").join("");
}

function produce({ directory, manifest = { as_of: "2026-06-30" }, records = own }) {
  writeFileSync(join(directory, "manifest.json"), JSON.stringify(manifest));
  for (const [table, rows] of Object.entries(records)) {
    if (careless) writeFileSync(join(directory, `${table}.csv`), asCarelessCsv(rows));
    else writeFileSync(join(directory, `${table}.jsonl`), asJsonLines(rows));
  }
  return {};
}

function answer({ cmd, seq, kind, input }) {
  if (cmd === "start") return { version: 1, name: "producer.mjs", implementation_version: "1.0.0", claims: ["produce"] };
  return kind === "produce" ? { seq, output: produce(input) } : { seq, skipped: "it produces records only" };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.cmd === "stop") break;
  console.log(JSON.stringify(answer(request)));
}
