// graphile-worker: a named queue for each endpoint, whose jobs it runs one after the other. Jobs that are stored together
// share a time, so each is given its own.
import { makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { body, connection, endpoints, portions, post, ready } from './job.mjs';

const pool = () => new pg.Pool({ host: connection, user: 'bench', database: 'postgres', max: endpoints.length + 4 });
const start = Date.now() - 24 * 3600 * 1000;
const storing = pool();
const utils = await makeWorkerUtils({ pgPool: storing });
await utils.migrate();
for (const endpoint of endpoints) {
  for (const numbers of portions(1000)) {
    await utils.addJobs(numbers.map(number => ({
      identifier: 'deliver',
      payload: { endpoint, body: body(number) },
      queueName: `endpoint-${endpoint}`,
      runAt: new Date(start + number),
    })));
  }
}
await utils.release();
await storing.end();
const quiet = () => {};
await ready();
await run({
  pgPool: pool(),
  concurrency: endpoints.length,
  noHandleSignals: true,
  logger: new (await import('graphile-worker')).Logger(() => quiet),
  taskList: { deliver: payload => post(payload.endpoint, payload.body) },
});
