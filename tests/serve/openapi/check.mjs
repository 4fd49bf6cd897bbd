// Reads a description and a list of calls that were made to a running server, with their answers, and says what does not
// fit: the description itself, routes that are missing on either side, bodies that were sent, answers. Arguments: the
// description, the calls. What the description does not name does not fit: it is closed here.
import { readFileSync } from "node:fs";
import SwaggerParser from "@apidevtools/swagger-parser";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const [description, callsFile] = process.argv.slice(2);
const { routes, calls } = JSON.parse(readFileSync(callsFile, "utf8"));
const problems = [];

await SwaggerParser.validate(description);
const api = JSON.parse(JSON.stringify(await SwaggerParser.dereference(description)));

const methods = ["get", "put", "post", "delete", "patch"];
const described = Object.entries(api.paths).flatMap(([path, item]) =>
  methods.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`));
const served = routes.map((route) => `${route.method} ${route.path}`);
for (const one of served) if (!described.includes(one)) problems.push(`${one} is served but not described`);
for (const one of described) if (!served.includes(one)) problems.push(`${one} is described but not served`);
for (const route of routes) {
  const operation = api.paths[route.path]?.[route.method.toLowerCase()];
  const wants = operation?.security?.some((one) => "token" in one) ?? false;
  // Notice handlers look for the token themselves, also when they are read.
  if (operation && wants !== route.token && operation.tags[0] !== "lti")
    problems.push(`${route.method} ${route.path}: the token is ${route.token ? "" : "not "}needed`);
}
const ids = described.map((one) => one.split(" ")).map(([method, path]) => api.paths[path][method.toLowerCase()].operationId);
for (const id of ids) if (ids.filter((one) => one === id).length > 1) problems.push(`two operations are called ${id}`);

/** Members that are not described are not allowed, wherever some are. */
function close(schema, isPart = false) {
  if (schema === null || typeof schema !== "object") return;
  if (!isPart && (schema.properties || schema.allOf) && schema.additionalProperties === undefined)
    schema.unevaluatedProperties = false;
  Object.values(schema.properties ?? {}).forEach((one) => close(one));
  for (const key of ["items", "additionalProperties"]) close(schema[key] ?? null);
  for (const key of ["oneOf", "anyOf"]) (schema[key] ?? []).forEach((one) => close(one));
  (schema.allOf ?? []).forEach((one) => close(one, true));
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats(ajv);
function check(what, schema, value) {
  const closed = JSON.parse(JSON.stringify(schema));
  close(closed);
  const fits = ajv.compile(closed);
  if (!fits(value)) problems.push(`${what}: ${ajv.errorsText(fits.errors)}: ${JSON.stringify(value).slice(0, 600)}`);
}

const good = new Set();
for (const call of calls) {
  const what = `${call.method} ${call.path} ${call.status}`;
  const operation = api.paths[call.path]?.[call.method.toLowerCase()];
  if (!operation) continue;
  const answer = operation.responses[call.status] ?? (call.status >= 400 ? operation.responses.default : undefined);
  if (!answer) {
    problems.push(`${what}: no such answer is described: ${JSON.stringify(call.answer).slice(0, 300)}`);
    continue;
  }
  const type = call.type.split(";")[0].trim();
  if (!answer.content[type]) problems.push(`${what}: ${type} is not described`);
  else check(what, answer.content[type].schema, call.answer);
  if (call.status >= 300) continue;
  good.add(`${call.method} ${call.path}`);
  const sent = operation.requestBody?.content["application/json"];
  if (sent && call.sent !== null) check(`${what}, what was sent`, sent.schema, call.sent);
}
for (const one of described)
  if (!good.has(one)) {
    const tried = calls.filter((call) => `${call.method} ${call.path}` === one).map((call) => JSON.stringify(call.answer));
    problems.push(`${one}: no call of it went well: ${tried.join(" ").slice(0, 400)}`);
  }

for (const problem of problems) console.log(problem);
console.log(`${described.length} operations, ${calls.length} calls, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
