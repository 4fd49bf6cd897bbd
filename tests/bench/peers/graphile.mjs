// graphile-worker: a named queue for each endpoint, whose jobs it runs one after the other. Jobs that are stored together
// share a time, so each is given its own.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';
import { body, connection, endpoints, portions, post, ready } from './job.mjs';

// One connection listens and the other does all: then the next job is asked for behind the completion of the last one.
// With more of them a worker finds its queue still locked and sleeps, which is slower, for one endpoint and for sixteen.
const pool = () => new pg.Pool({ host: connection, user: 'bench', database: 'postgres', max: 2 });
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
await ready();
await run({
  pgPool: pool(),
  concurrency: endpoints.length,
  pollInterval: 20,
  noHandleSignals: true,
  logger: new Logger(() => () => {}),
  taskList: { deliver: payload => post(payload.endpoint, payload.body) },
});
