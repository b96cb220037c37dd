// A reader in plain JavaScript that knows nothing but spec/schemas: it judges single records under the conformance kit.
//
//   blended-standard conformance run --command "node examples/conformance/schemas.mjs" --class consumer
//
// With --careless it forgets the ranges of numbers, which the kit finds.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const careless = process.argv.includes("--careless");
const directory = new URL("../../spec/schemas/", import.meta.url);
const zones = new Set([...Intl.supportedValuesOf("timeZone"), "UTC"]);
const schemas = new Map();

function schemaOf(table) {
  if (!schemas.has(table)) {
    schemas.set(table, JSON.parse(readFileSync(new URL(`${table}.schema.json`, directory), "utf8")));
  }
  return schemas.get(table);
}

function hasType(value, type) {
  if (type === "null") return value === null;
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function isDay(text) {
  const day = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text);
}

function isSound(name, value, rule) {
  if (![].concat(rule.type).some((type) => hasType(value, type))) return false;
  if (value === null) return true;
  if (rule.enum && !rule.enum.includes(value)) return false;
  if (rule.pattern && !new RegExp(rule.pattern, "u").test(value)) return false;
  if (rule.maxLength !== undefined && [...value].length > rule.maxLength) return false;
  if (!careless && rule.minimum !== undefined && value < rule.minimum) return false;
  if (!careless && rule.maximum !== undefined && value > rule.maximum) return false;
  if (rule.format && !isDay(value.slice(0, 10))) return false;
  if (rule.additionalProperties && !Object.values(value).every((one) => rule.additionalProperties.enum.includes(one))) {
    return false;
  }
  if (rule.format === "date-time" && !(value >= "1900" && value < "2201")) return false;
  return name !== "time_zone" || zones.has(value);
}

function judge({ table, record }) {
  const schema = schemaOf(table);
  const wrong = schema.required.filter((name) => record[name] === undefined || record[name] === null);
  for (const [name, rule] of Object.entries(schema.properties)) {
    if (name in record && !wrong.includes(name) && !isSound(name, record[name], rule)) wrong.push(name);
  }
  return { valid: wrong.length === 0 };
}

function answer(request) {
  if (request.cmd === "start") {
    return { version: 1, name: "schemas.mjs", implementation_version: "1.0.0", claims: ["record"] };
  }
  if (request.kind !== "record") return { seq: request.seq, skipped: "it judges single records only" };
  return { seq: request.seq, output: judge(request.input) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (request.cmd === "stop") break;
  console.log(JSON.stringify(answer(request)));
}
