// Is what the bridge sends accepted by the libraries that receivers use? A server here records requests byte for byte;
// the plugin, in a host of its own, sends to it; then each library has its say. Knows nothing of the plugin's code.
//
//   SENDER=path of interop_sender node --test verify.mjs

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { HTTP } from 'cloudevents';
import * as jose from 'jose';
import { Webhook } from 'standardwebhooks';

const run = promisify(execFile);
const kPath = '/hook?tenant=1';
const kLifeMs = 5 * 60 * 1000;

/** Has the plugin send its events to a server that answers with `statuses`, the last of them from then on. */
async function sent({ wire, secret, maxBatch = 0, saves = 1, statuses = [204] }) {
  const requests = [];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const { method, url, headers, rawHeaders } = request;
      requests.push({ method, url, headers, rawHeaders, body: Buffer.concat(parts) });
      response.statusCode = statuses[Math.min(requests.length, statuses.length) - 1];
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'ptb-interop-'));
  try {
    const secretFile = path.join(directory, 'secret');
    fs.writeFileSync(secretFile, secret);
    const endpoint = `http://127.0.0.1:${server.address().port}${kPath}`;
    const words = [wire, endpoint, secretFile, String(maxBatch), String(saves)];
    const { stdout } = await run(process.env.SENDER, words, { timeout: 60_000 });
    for (const { method, url, rawHeaders } of requests) {
      assert.equal(method, 'POST');
      assert.equal(url, kPath);
      const names = rawHeaders.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
      assert.equal(new Set(names).size, names.length, 'a header came twice');
    }
    return { requests, saves: JSON.parse(stdout) };
  } finally {
    fs.rmSync(directory, { recursive: true });
    server.closeAllConnections();
    server.close();
  }
}

const symmetric = () => 'whsec_' + crypto.randomBytes(32).toString('base64');

/** Every event of requests, as CloudEvents' own SDK reads them, which also checks them against the schema. */
function eventsOf(requests) {
  return requests.flatMap(({ headers, body }) => {
    const read = HTTP.toEvent({ headers, body: body.toString() });
    for (const event of [read].flat()) assert.equal(event.validate(), true);
    return read;
  });
}

test('a webhook is verified by standardwebhooks and read by the CloudEvents SDK', async () => {
  const secret = symmetric();
  const { requests, saves } = await sent({ wire: 'standard-webhooks', secret });
  assert.equal(requests.length, 3);
  assert.deepEqual(saves, [{ status: 0, sent: 3, acknowledged: 3, failed: 0, left: 0 }]);
  for (const { headers, body } of requests) {
    const verified = new Webhook(secret).verify(body, headers);
    assert.equal(verified.id, headers['webhook-id']);
    assert.match(headers['content-type'], /^application\/cloudevents\+json$/);
    assert.ok(Math.abs(Date.now() / 1000 - Number(headers['webhook-timestamp'])) < kLifeMs / 1000);
    assert.doesNotMatch(body.toString(), /a-person|BIO-1|Biologie/);
  }
  const events = eventsOf(requests);
  assert.deepEqual(
    events.map((event) => event.type),
    ['org.ptbridge.course.copied', 'org.ptbridge.course.copied', 'org.ptbridge.course.imported'],
  );
  assert.equal(new Set(events.map((event) => event.id)).size, 3);
  const [first] = events;
  assert.equal(first.source, 'http://lms.example:80');
  assert.equal(first.subject, '_2_1');
  assert.equal(first.time, '2020-09-13T12:26:40.001Z');
  assert.equal(first.sequence, '00000000000000000001');
  assert.equal(first.partitionkey, 'acme/quiz');
  assert.deepEqual(first.data, {
    arguments: { type: 'exact', oldCourseId: '_1_1', newCourseId: '_2_1' },
    ids: { course: { old: '_1_1', new: '_2_1' } },
    settings: { colour: 'a value' },
    operation: 'op-"7"\né',
  });
});

test('a webhook that was altered, or signed with another key, is not verified', async () => {
  const secret = symmetric();
  const { requests } = await sent({ wire: 'standard-webhooks', secret });
  const { headers, body } = requests[0];
  const receiver = new Webhook(secret);
  receiver.verify(body, headers);
  assert.throws(() => receiver.verify(Buffer.from(body.toString().replace('_2_1', '_3_1')), headers));
  assert.throws(() => receiver.verify(body, { ...headers, 'webhook-id': requests[1].headers['webhook-id'] }));
  assert.throws(() => new Webhook(symmetric()).verify(body, headers));
});

test('while a key is being rotated both the old and the new one verify', async () => {
  const [older, newer] = [symmetric(), symmetric()];
  const { requests } = await sent({ wire: 'standard-webhooks', secret: `${newer}\n${older}\n` });
  for (const secret of [older, newer])
    for (const { headers, body } of requests) new Webhook(secret).verify(body, headers);
});

test('an Ed25519 signature is verified by Node', async () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519');
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d, 'base64url');
  const { requests } = await sent({ wire: 'standard-webhooks', secret: 'whsk_' + seed.toString('base64') });
  assert.equal(requests.length, 3);
  for (const { headers, body } of requests) {
    const [version, signature] = headers['webhook-signature'].split(',');
    assert.equal(version, 'v1a');
    const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), body]);
    assert.ok(crypto.verify(null, signed, publicKey, Buffer.from(signature, 'base64')));
    signed[signed.length - 1] ^= 1;
    assert.ok(!crypto.verify(null, signed, publicKey, Buffer.from(signature, 'base64')));
  }
});

test('a batch is read by the CloudEvents SDK and comes again with the same members and id', async () => {
  const secret = symmetric();
  const { requests, saves } = await sent({
    wire: 'standard-webhooks',
    secret,
    maxBatch: 2,
    saves: 2,
    statuses: [503, 200],
  });
  assert.deepEqual(
    requests.map(({ headers }) => headers['content-type']),
    ['application/cloudevents-batch+json', 'application/cloudevents-batch+json', 'application/cloudevents+json'],
  );
  assert.deepEqual(
    saves.map(({ acknowledged, left }) => [acknowledged, left]),
    [
      [0, 3],
      [3, 0],
    ],
  );
  for (const { headers, body } of requests) new Webhook(secret).verify(body, headers);
  assert.deepEqual(requests[0].body, requests[1].body);
  assert.equal(requests[0].headers['webhook-id'], requests[1].headers['webhook-id']);
  const events = eventsOf(requests.slice(1));
  assert.deepEqual(
    events.map((event) => Number(event.sequence)),
    [1, 2, 3],
  );
  assert.ok(!events.some((event) => event.id === requests[0].headers['webhook-id']), 'a batch has an id of its own');
});

test('LTI notices are verified by jose against the published key', async () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const { requests, saves } = await sent({ wire: 'lti-notice', secret: pem, maxBatch: 2 });
  assert.deepEqual(saves, [{ status: 0, sent: 3, acknowledged: 3, failed: 0, left: 0 }]);
  assert.deepEqual(
    requests.map(({ headers }) => headers['content-type']),
    ['application/json', 'application/json'],
  );
  const bodies = requests.map(({ body }) => JSON.parse(body));
  assert.deepEqual(
    bodies.map(({ notices }) => notices.length),
    [2, 1],
  );
  const jwk = await jose.exportJWK(publicKey);
  const kid = await jose.calculateJwkThumbprint(jwk);
  const keys = jose.createLocalJWKSet({ keys: [{ ...jwk, kid, alg: 'RS256', use: 'sig' }] });
  const claim = (name) => `https://purl.imsglobal.org/spec/lti/claim/${name}`;
  const nonces = new Set();
  const contexts = [];
  for (const { jwt } of bodies.flatMap(({ notices }) => notices)) {
    const { payload, protectedHeader } = await jose.jwtVerify(jwt, keys, {
      issuer: 'https://issuer.example',
      audience: 'client-7',
      algorithms: ['RS256'],
      requiredClaims: ['exp', 'iat', 'nonce', 'azp'],
      maxTokenAge: '5 minutes',
    });
    assert.equal(protectedHeader.kid, kid);
    assert.equal(payload.exp - payload.iat, 3600);
    assert.equal(payload.sub, undefined);
    assert.equal(payload[claim('version')], '1.3.0');
    assert.equal(payload[claim('deployment_id')], 'deployment-1');
    assert.equal(payload[claim('notice')].type, 'LtiContextCopyNotice');
    assert.equal(payload[claim('notice')].timestamp, '2020-09-13T12:26:40.001Z');
    assert.equal(payload[claim('context')].label, 'BIO-1');
    assert.equal(payload[claim('context')].title, 'Biologie für alle 🐟');
    assert.doesNotMatch(JSON.stringify(payload), /a-person/);
    nonces.add(payload.nonce);
    contexts.push([payload[claim('context')].id, payload[claim('origin_contexts')]]);
  }
  assert.equal(nonces.size, 3);
  assert.deepEqual(contexts, [
    ['_2_1', ['_1_1']],
    ['_2_1', ['_1_1']],
    ['_3_1', undefined],
  ]);
  const [{ jwt }] = bodies[0].notices;
  const stranger = jose.createLocalJWKSet({
    keys: [{ ...(await jose.exportJWK(crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey)), kid }],
  });
  await assert.rejects(jose.jwtVerify(jwt, stranger), jose.errors.JWSSignatureVerificationFailed);
});
