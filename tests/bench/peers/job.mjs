// The job that every queue is given: events persisted beforehand, then delivered in order, one in flight for each
// endpoint. A program makes its queue, stores the events, calls ready(), and delivers with post() until it is killed.
//
// node QUEUE.mjs URL ENDPOINTS EVENTS BODY-FILE CONNECTION
import { readFileSync } from 'node:fs';
import http from 'node:http';

const [, , url, endpointCount, eventCount, bodyFile, place] = process.argv;
export const connection = place;
export const endpoints = Array.from({ length: Number(endpointCount) }, (_, number) => number);
const template = readFileSync(bodyFile, 'utf8');
const perEndpoint = Math.floor(Number(eventCount) / endpoints.length);

/** Events of one endpoint, in order, in portions of at most `size`. */
export function* portions(size) {
  for (let first = 0; first < perEndpoint; first += size)
    yield Array.from({ length: Math.min(size, perEndpoint - first) }, (_, at) => first + at);
}
export const count = perEndpoint;

/** What is stored, and later sent: the body that the bridge sends, with the event's own number. */
export const body = number => template.replace(/content_id=_\d+_1/, `content_id=_${number + 1}_1`);

const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });

/** Resolves when the tool has answered 200; throws otherwise, so that the queue knows. */
export function post(endpoint, text) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}/e${endpoint}/tool`, {
      agent,
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        'content-length': Buffer.byteLength(text),
      },
    });
    request.on('error', reject);
    request.on('response', answer => {
      answer.resume();
      answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`${answer.statusCode}`))));
      answer.on('error', reject);
    });
    request.end(text);
  });
}

/** Says that all is stored, and resolves when the clock has been started. */
export function ready() {
  return new Promise(resolve => {
    process.stdin.once('data', resolve);
    process.stdin.once('end', () => process.exit(0));
    process.stdout.write('ready\n');
  });
}
