/**
 * LIMIT: what this machine can do at best with Node and the MongoDB driver. `node:http`, the same
 * commands as the product sends, `JSON.stringify`, nothing else: no authentication, permissions,
 * validation, log or event. Reads DATABASE_URI, PORT and POOL_SIZE from its environment.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type mongoose from 'mongoose';

// The driver inside Mongoose is the one the product runs on; a second copy could be another version.
const fromHere = createRequire(import.meta.url);
const driver = createRequire(fromHere.resolve('mongoose'))('mongodb') as typeof mongoose.mongo;
const { MongoClient, ObjectId } = driver;

const client = new MongoClient(process.env['DATABASE_URI'] ?? '', {
  maxPoolSize: Number(process.env['POOL_SIZE'] ?? 100),
});
await client.connect();
const tasks = client.db().collection('tasks');
// A new task carries every field the product stores, so both write documents of the same size.
const template = (await tasks.findOne({})) ?? {};
// Numbers are unique per project; LIMIT takes them from memory, beyond all that were seeded.
let lastNumber = Date.now();

const answer = (res: ServerResponse, status: number, body: unknown) => {
  const text = JSON.stringify(body);
  res.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text), // without it Node would send the body in chunks
  });
  res.end(text);
};

// Events rather than `for await`: the async iterator of a stream costs as much as the rest of the request.
const readText = (req: IncomingMessage) =>
  new Promise<string>((resolve, reject) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    req.on('error', reject);
  });

// The load generator sends objects only.
const readBody = async (req: IncomingMessage) => JSON.parse(await readText(req)) as Record<string, unknown>;

const get = async (id: string, res: ServerResponse) => {
  const task = await tasks.findOne({ _id: new ObjectId(id) });
  answer(res, task === null ? 404 : 200, task);
};

const list = async (query: URLSearchParams, res: ServerResponse) => {
  const limit = Number(query.get('limit'));
  const items = await tasks
    .find({
      projectId: new ObjectId(query.get('projectId') ?? ''),
      status: query.get('status'),
      trashed: false,
      rank: { $gt: query.get('cursor') ?? '' },
    })
    .sort({ rank: 1, _id: 1 })
    .limit(limit + 1)
    .toArray();
  if (items.length > limit) items.pop();
  answer(res, 200, { items });
};

const create = async (req: IncomingMessage, res: ServerResponse) => {
  const { projectId, ...fields } = await readBody(req);
  const now = new Date();
  lastNumber += 1;
  const task = {
    ...template,
    ...fields,
    _id: new ObjectId(),
    projectId: new ObjectId(String(projectId)),
    number: lastNumber,
    createdAt: now,
    updatedAt: now,
    version: 1,
  };
  await tasks.insertOne(task);
  answer(res, 201, task);
};

const update = async (id: string, req: IncomingMessage, res: ServerResponse) => {
  const { status } = await readBody(req);
  const version = Number((req.headers['if-match'] ?? '').replaceAll('"', ''));
  const task = await tasks.findOneAndUpdate(
    { _id: new ObjectId(id), version },
    { $set: { status, updatedAt: new Date() }, $inc: { version: 1 } },
    { returnDocument: 'after' },
  );
  answer(res, task === null ? 412 : 200, task);
};

const prefix = '/api/tasks';
const route = (req: IncomingMessage, res: ServerResponse): Promise<void> => {
  const url = req.url ?? '';
  const mark = url.indexOf('?');
  if (req.method === 'POST') return create(req, res);
  if (mark !== -1) return list(new URLSearchParams(url.slice(mark + 1)), res);
  const id = url.slice(prefix.length + 1);
  return req.method === 'PATCH' ? update(id, req, res) : get(id, res);
};

const server = createServer((req, res) => {
  route(req, res).catch((error: unknown) => answer(res, 500, { error: String(error) }));
});
server.listen(Number(process.env['PORT']), '127.0.0.1');

process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  void client.close();
});
