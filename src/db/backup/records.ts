import { createHash, type Hash } from 'node:crypto';
import { BackupError } from './backup-error.ts';

/** What stands inside a backup, in this order: the contents, then for each collection its documents and its end; the end. */
export type BackupRecord =
  | { kind: 'contents'; bytes: Buffer }
  | { kind: 'document'; bytes: Buffer }
  | { kind: 'collection-end'; bytes: Buffer }
  | { kind: 'end' };

const tags = { contents: 1, document: 2, 'collection-end': 3, end: 4 } as const;
const kinds = new Map<number, BackupRecord['kind']>(
  (Object.keys(tags) as BackupRecord['kind'][]).map((kind) => [tags[kind], kind]),
);
const headBytes = 5;
/** The database's own limit is 16 MB and some for its own fields. */
const longest = 17 * 1024 * 1024;
const writtenAtOnce = 256 * 1024;

/** Records as bytes, in pieces large enough to be worth compressing. */
export async function* packed(records: AsyncIterable<BackupRecord>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const record of records) {
    const bytes = record.kind === 'end' ? Buffer.alloc(0) : record.bytes;
    const head = Buffer.alloc(headBytes);
    head.writeUInt8(tags[record.kind]);
    head.writeUInt32LE(bytes.length, 1);
    parts.push(head, bytes);
    length += headBytes + bytes.length;
    if (length < writtenAtOnce) continue;
    yield Buffer.concat(parts);
    parts = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(parts);
}

const malformed = (): BackupError =>
  new BackupError('The file is whole, but what stands in it is no backup that this version understands.');

/** The records in a stream of bytes. Throws a `BackupError` when they end before the end. */
export async function* unpacked(parts: AsyncIterable<Buffer>): AsyncGenerator<BackupRecord> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of parts) {
    rest = rest.length === 0 ? part : Buffer.concat([rest, part]);
    let from = 0;
    while (rest.length - from >= headBytes) {
      const kind = kinds.get(rest.readUInt8(from));
      const length = rest.readUInt32LE(from + 1);
      if (kind === undefined || length > longest) throw malformed();
      const end = from + headBytes + length;
      if (rest.length < end) break;
      if (kind === 'end') {
        yield { kind };
        return;
      }
      yield { kind, bytes: rest.subarray(from + headBytes, end) };
      from = end;
    }
    rest = rest.subarray(from);
  }
  throw malformed();
}

/** Counts and hashes the documents of a collection as they pass. */
export interface Tally {
  add(bytes: Uint8Array): void;
  result(): { count: number; sha256: string };
}

/** Begins a tally. */
export function tally(): Tally {
  const hash: Hash = createHash('sha256');
  let count = 0;
  return {
    add: (bytes) => {
      count += 1;
      hash.update(bytes);
    },
    result: () => ({ count, sha256: hash.digest('hex') }),
  };
}
