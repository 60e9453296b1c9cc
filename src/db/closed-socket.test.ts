import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import mongoose from 'mongoose';
import { expect, inject, it } from 'vitest';
import { tcpProxy } from '../../test/tcp-proxy.ts';
import { refuseClosedSockets } from './closed-socket.ts';

const rounds = 30;
const connections = 20;

it('a command that meets the end of its connection fails or is repeated, but ends', async () => {
  refuseClosedSockets();
  const uri = new URL(inject('databaseUri'));
  const proxy = await tcpProxy({ host: uri.hostname, port: Number(uri.port) });
  const client = new mongoose.mongo.MongoClient(
    `mongodb://127.0.0.1:${String(proxy.port)}/?directConnection=true`,
    {
      maxPoolSize: connections,
      serverSelectionTimeoutMS: 1_000,
      waitQueueTimeoutMS: 1_000,
      socketTimeoutMS: 1_000,
      heartbeatFrequencyMS: 500,
      minHeartbeatFrequencyMS: 50,
    },
  );
  try {
    const ping = () => client.db('admin').command({ ping: 1 });
    const fails: Promise<unknown>[] = [];
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(Array.from({ length: connections }, ping));
      const dead = proxy.die();
      for (let turn = 0; turn < 30; turn += 1) {
        fails.push(ping().catch(() => 'failed'));
        await immediate();
      }
      await dead;
      await proxy.revive();
      while ((await ping().catch(() => undefined)) === undefined) await sleep(10);
    }
    const ended = await Promise.race([Promise.all(fails), sleep(5_000)]);
    expect(ended).toHaveLength(rounds * 30);
  } finally {
    await client.close();
    await proxy.close();
  }
}, 60_000);
