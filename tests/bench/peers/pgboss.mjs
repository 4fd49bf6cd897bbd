// pg-boss: a queue for each endpoint; each job is fetched, sent and completed before the next. Jobs that are stored
// together share a time and would come in any order, so the order is said with priorities.
import { PgBoss } from 'pg-boss';
import { body, connection, count, endpoints, portions, post, ready } from './job.mjs';

const boss = new PgBoss({ host: connection, user: 'bench', database: 'postgres', max: endpoints.length + 4 });
boss.on('error', problem => console.error(`pg-boss: ${problem.message}`));
await boss.start();
for (const endpoint of endpoints) {
  const queue = `endpoint-${endpoint}`;
  await boss.createQueue(queue);
  for (const numbers of portions(1000)) {
    await boss.insert(queue, numbers.map(number => ({ data: { body: body(number) }, priority: count - number })));
  }
}
await ready();
await Promise.all(endpoints.map(async endpoint => {
  const queue = `endpoint-${endpoint}`;
  for (;;) {
    const [job] = await boss.fetch(queue);
    if (job === undefined) return;
    await post(endpoint, job.data.body);
    await boss.complete(queue, job.id);
  }
}));
