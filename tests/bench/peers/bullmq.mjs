// BullMQ: a queue for each endpoint, each with one worker that takes one job at a time.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { body, connection, endpoints, portions, post, ready } from './job.mjs';

const redis = () => new Redis({ path: connection, maxRetriesPerRequest: null });

for (const endpoint of endpoints) {
  const queue = new Queue(`endpoint-${endpoint}`, { connection: redis() });
  for (const numbers of portions(1000)) {
    await queue.addBulk(numbers.map(number => ({ name: 'event', data: { body: body(number) } })));
  }
  await queue.close();
}
const workers = endpoints.map(endpoint =>
  new Worker(`endpoint-${endpoint}`, job => post(endpoint, job.data.body),
    { connection: redis(), concurrency: 1, autorun: false }));
await Promise.all(workers.map(worker => worker.waitUntilReady()));
await ready();
for (const worker of workers) worker.run();
