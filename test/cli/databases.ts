import { createHash, randomUUID } from 'node:crypto';
import type { mongo } from 'mongoose';
import { inject } from 'vitest';
import { connectApart } from '../../src/db/connect.ts';

/** A database of a test beside the one of the suite's server, on the same database server. */
export interface SpareDatabase {
  uri: string;
  client: mongo.MongoClient;
  db: mongo.Db;
  drop(): Promise<void>;
}

/** Opens an empty database, or the one of this name. */
export async function spareDatabase(name = `spare-${randomUUID().slice(0, 8)}`): Promise<SpareDatabase> {
  const uri = new URL(inject('databaseUri'));
  uri.pathname = `/${name}`;
  const { client, db } = await connectApart(uri.toString());
  const drop = async (): Promise<void> => {
    await db.dropDatabase();
    await client.close();
  };
  return { uri: uri.toString(), client, db, drop };
}

/** The SHA-256 of the documents of a collection by their ids, byte for byte. */
export async function bytesOf(db: mongo.Db, name: string): Promise<{ count: number; sha256: string }> {
  const hash = createHash('sha256');
  let count = 0;
  for await (const document of db.collection(name).find({}, { raw: true }).sort({ _id: 1 })) {
    // With `raw` the driver gives each document as its bytes.
    hash.update(document as unknown as Buffer);
    count += 1;
  }
  return { count, sha256: hash.digest('hex') };
}

/** What a database of the product must never be: each sentence names one thing that is. */
export async function brokenInvariants(db: mongo.Db): Promise<string[]> {
  const broken: string[] = [];
  const projects = new Map<string, number>();
  for await (const { _id } of db.collection('projects').find({}, { projection: { _id: 1 } }))
    projects.set(String(_id), 0);
  const versions = new Map<string, number[]>();
  const told = { 'subject.version': { $gt: 0 } };
  for await (const { subject } of db.collection('events').find(told, { projection: { subject: 1 } })) {
    const known = versions.get(subject.id);
    if (known === undefined) versions.set(subject.id, [subject.version]);
    else known.push(subject.version);
  }
  const judge = (kind: string, { _id, version }: mongo.Document): void => {
    const id = String(_id);
    const chain = (versions.get(id) ?? []).sort((a, b) => a - b);
    // What was loaded in bulk, past the services, has no events and its first version.
    if (chain.length === 0 && version === 1) return;
    if (chain.length !== version || chain.some((one, at) => one !== at + 1))
      broken.push(`${kind} ${id} has version ${String(version)} and the events ${chain.join(',')}`);
  };
  for await (const task of db
    .collection('tasks')
    .find({}, { projection: { version: 1, projectId: 1, number: 1 } })) {
    const project = String(task['projectId']);
    const highest = projects.get(project);
    if (highest === undefined) broken.push(`task ${String(task._id)} is in no project`);
    else projects.set(project, Math.max(highest, Number(task['number'])));
    judge('task', task);
  }
  for await (const user of db.collection('users').find({}, { projection: { version: 1 } }))
    judge('user', user);
  for (const [id, highest] of projects) {
    // The tests know no other id of a counter than its project's.
    const counter = await db.collection('counters').findOne({ $expr: { $eq: [{ $toString: '$_id' }, id] } });
    if (counter !== null && counter['number'] < highest)
      broken.push(
        `project ${id} has given out ${String(counter['number'])} and has a task ${String(highest)}`,
      );
  }
  return broken;
}
