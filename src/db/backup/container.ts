import { createCipheriv, createDecipheriv, createHash, randomBytes, scrypt } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { BackupError } from './backup-error.ts';

// A backup is two lines of text (what it is, and the header as JSON), then chunks of a gzip stream, each behind its length
// in four bytes, then a length of zero and the SHA-256 of everything before it.

/** The newest form of backup files that this version reads and the one that it writes. */
const formatVersion = 1;

const magic = 'PRO-TASKER-BACKUP\n';
const digestBytes = 32;
const tagBytes = 16;
const chunkBytes = 256 * 1024;
const longestHeader = 1024 * 1024;
const longestChunk = chunkBytes + tagBytes;

const Encryption = z.object({
  cipher: z.literal('aes-256-gcm'),
  kdf: z.literal('scrypt'),
  // A file must not be able to ask for any amount of memory: 128 * N * r bytes.
  N: z.int().min(1024).max(1_048_576),
  r: z.int().min(1).max(16),
  p: z.int().min(1).max(4),
  salt: z.string().min(16).max(128),
});

const Header = z.object({
  format: z.literal(formatVersion),
  product: z.string(),
  version: z.string(),
  createdAt: z.string(),
  /** How many documents each collection has. */
  collections: z.record(z.string(), z.int().min(0)),
  compression: z.literal('gzip'),
  encryption: Encryption.nullable(),
});

/** What a backup file says about itself, readable without the passphrase. */
export type Header = z.output<typeof Header>;

/** A header and the bytes it stands for: the chunks of an encrypted file are bound to them. */
interface Opening {
  header: Header;
  bytes: Buffer;
}

/** What is known of a new backup before it is written. */
export type NewHeader = Pick<Header, 'version' | 'createdAt' | 'collections'>;

/** Makes the beginning of a file. */
export function openingOf(facts: NewHeader, isEncrypted: boolean): Opening {
  const header: Header = {
    format: formatVersion,
    product: 'pro-tasker',
    ...facts,
    compression: 'gzip',
    encryption: isEncrypted
      ? {
          cipher: 'aes-256-gcm',
          kdf: 'scrypt',
          N: 131_072,
          r: 8,
          p: 1,
          salt: randomBytes(16).toString('base64'),
        }
      : null,
  };
  return { header, bytes: Buffer.from(`${magic}${JSON.stringify(header)}\n`) };
}

/** The whole file, from its opening and the gzip stream of its contents. */
export async function* sealed(
  { header, bytes }: Opening,
  compressed: AsyncIterable<Buffer>,
  passphrase: string | undefined,
): AsyncGenerator<Buffer> {
  const digest = createHash('sha256');
  const told = (part: Buffer): Buffer => {
    digest.update(part);
    return part;
  };
  yield told(bytes);
  const close = await sealing(header, bytes, passphrase);
  for await (const chunk of inChunks(compressed)) yield told(framed(close(chunk, false)));
  // The last chunk is empty and marked: a file cut at a chunk is recognised even where its digest was made anew.
  if (header.encryption !== null) yield told(framed(close(Buffer.alloc(0), true)));
  yield told(Buffer.alloc(4));
  yield digest.digest();
}

async function* inChunks(parts: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [];
  let length = 0;
  for await (const part of parts) {
    gathered.push(part);
    length += part.length;
    if (length < chunkBytes) continue;
    const whole = Buffer.concat(gathered);
    let from = 0;
    for (; whole.length - from >= chunkBytes; from += chunkBytes)
      yield whole.subarray(from, from + chunkBytes);
    const rest = whole.subarray(from);
    gathered = [rest];
    length = rest.length;
  }
  if (length > 0) yield Buffer.concat(gathered);
}

function framed(chunk: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(chunk.length);
  return Buffer.concat([length, chunk]);
}

type Sealing = (chunk: Buffer, isLast: boolean) => Buffer;

async function sealing(header: Header, opening: Buffer, passphrase: string | undefined): Promise<Sealing> {
  if (header.encryption === null) return (chunk) => chunk;
  const key = await keyOf(header.encryption, passphrase);
  const next = nonces();
  return (chunk, isLast) => {
    const cipher = createCipheriv('aes-256-gcm', key, next());
    cipher.setAAD(boundTo(opening, isLast));
    return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  };
}

async function unsealing(header: Header, opening: Buffer, passphrase: string | undefined): Promise<Sealing> {
  if (header.encryption === null) return (chunk) => chunk;
  const key = await keyOf(header.encryption, passphrase);
  const next = nonces();
  return (chunk, isLast) => {
    if (chunk.length < tagBytes) throw damaged();
    const decipher = createDecipheriv('aes-256-gcm', key, next(), { authTagLength: tagBytes });
    decipher.setAAD(boundTo(opening, isLast));
    decipher.setAuthTag(chunk.subarray(-tagBytes));
    try {
      return Buffer.concat([decipher.update(chunk.subarray(0, -tagBytes)), decipher.final()]);
    } catch {
      throw new BackupError('The passphrase is not the one of this backup.');
    }
  };
}

/** The key is the file's own because its salt is, so counting is enough: no nonce is used twice under it. */
function nonces(): () => Buffer {
  let count = 0n;
  return () => {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(count, 4);
    count += 1n;
    return nonce;
  };
}

const boundTo = (opening: Buffer, isLast: boolean): Buffer =>
  Buffer.concat([createHash('sha256').update(opening).digest(), Buffer.from([isLast ? 1 : 0])]);

function keyOf(
  { N, r, p, salt }: z.output<typeof Encryption>,
  passphrase: string | undefined,
): Promise<Buffer> {
  if (passphrase === undefined)
    throw new BackupError('This backup is encrypted: give its passphrase with --passphrase-file.');
  return new Promise((resolve, reject) => {
    const options = { N, r, p, maxmem: 256 * N * r };
    scrypt(passphrase.normalize('NFC'), Buffer.from(salt, 'base64'), 32, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

const damaged = (): BackupError =>
  new BackupError('The file is damaged or cut off: fetch it again or use another backup.');

/** A file whose digest was found right. */
export interface SoundFile extends Opening {
  path: string;
}

/** Reads the whole file once and holds it against its digest. Throws a `BackupError` when it is not a whole backup. */
export async function openSound(path: string, tell: (bytes: number) => void): Promise<SoundFile> {
  const file = await open(path).catch((error: unknown) => {
    throw new BackupError(
      `${path} cannot be read (${error instanceof Error ? error.message : String(error)}).`,
    );
  });
  try {
    const opening = await openingIn(file, path);
    const { size } = await file.stat();
    if (size < opening.bytes.length + 4 + digestBytes) throw damaged();
    const digest = createHash('sha256');
    const end = size - digestBytes;
    for await (const part of createReadStream(path, { end: end - 1, highWaterMark: 1024 * 1024 })) {
      // Without an encoding the stream gives buffers.
      digest.update(part as Buffer);
      tell((part as Buffer).length);
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(digestBytes), 0, digestBytes, end);
    if (bytesRead !== digestBytes || !digest.digest().equals(buffer)) throw damaged();
    return { ...opening, path };
  } finally {
    await file.close();
  }
}

async function openingIn(file: FileHandle, path: string): Promise<Opening> {
  const start = Buffer.alloc(longestHeader);
  const { bytesRead } = await file.read(start, 0, longestHeader, 0);
  const text = start.subarray(0, bytesRead);
  if (text.length < magic.length && magic.startsWith(text.toString('latin1')) && text.length > 0)
    throw damaged();
  if (!text.subarray(0, magic.length).equals(Buffer.from(magic)))
    throw new BackupError(`${path} is no backup of this product.`);
  const end = text.indexOf('\n', magic.length);
  if (end === -1) throw damaged();
  let said: unknown;
  try {
    said = JSON.parse(text.subarray(magic.length, end).toString());
  } catch {
    throw damaged();
  }
  const format = typeof said === 'object' && said !== null && 'format' in said ? said.format : undefined;
  if (typeof format === 'number' && format > formatVersion)
    throw new BackupError(
      `The file has the format ${String(format)} and this version reads up to ${String(formatVersion)}: restore it with the newer version that made it.`,
    );
  const parsed = Header.safeParse(said);
  if (!parsed.success) throw damaged();
  if (parsed.data.product !== 'pro-tasker') throw new BackupError(`${path} is no backup of this product.`);
  // A copy of its own, so that the room for the longest header can go.
  return { header: parsed.data, bytes: Buffer.from(text.subarray(0, end + 1)) };
}

/** The gzip stream inside a file. Throws a `BackupError` for a wrong passphrase. */
export async function* unsealed(
  { header, bytes, path }: SoundFile,
  passphrase: string | undefined,
): AsyncGenerator<Buffer> {
  const openChunk = await unsealing(header, bytes, passphrase);
  const file = await open(path);
  try {
    let position = bytes.length;
    const take = async (length: number): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
      if (bytesRead !== length) throw damaged();
      position += length;
      return buffer;
    };
    const isLast = (length: number): boolean => header.encryption !== null && length === tagBytes;
    let hasLast = header.encryption === null;
    for (;;) {
      const length = (await take(4)).readUInt32BE();
      if (length === 0) break;
      if (length > longestChunk) throw damaged();
      const chunk = openChunk(await take(length), isLast(length));
      hasLast ||= isLast(length);
      yield chunk;
    }
    if (!hasLast) throw damaged();
  } finally {
    await file.close();
  }
}
