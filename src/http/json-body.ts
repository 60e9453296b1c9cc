import express, { type Request, type Response } from 'express';
import { Problem, type Fault } from '../errors/index.ts';

const deepest = 32;
const forbiddenNames = new Set(['__proto__', 'constructor', 'prototype']);
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads a JSON body of at most `limitKb` KiB; `undefined` when there is none. Throws a problem for anything else. */
export type BodyReader = (req: Request, res: Response) => Promise<unknown>;

/** Makes a reader for bodies of at most `limitKb` KiB. */
export function bodyReader(limitKb: number): BodyReader {
  const readRaw = express.raw({ type: () => true, limit: limitKb * 1024, inflate: false });
  return async (req, res) => {
    const isChunked = req.headers['transfer-encoding'] !== undefined;
    if (!isChunked && Number(req.headers['content-length'] ?? 0) === 0) return undefined;
    // Only the end of a chunked body tells whether there is one.
    if (!isChunked) requireJson(req);
    await new Promise<void>((resolve, reject) => {
      readRaw(req, res, (error?: unknown) => {
        if (error === undefined || error === null) resolve();
        else reject(error instanceof Error ? error : new Error('the body could not be read'));
      });
    });
    // express.raw left a Buffer there: the type of `body` is open.
    const bytes = req.body as unknown;
    if (!Buffer.isBuffer(bytes) || bytes.length === 0) return undefined;
    if (isChunked) requireJson(req);
    return parseStrictly(bytes);
  };
}

const jsonType = /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const otherCharset = /;\s*charset\s*=(?!\s*"?utf-?8"?\s*(?:;|$))/i;

function requireJson({ headers }: Request): void {
  const type = headers['content-type'] ?? '';
  if (!jsonType.test(type) || otherCharset.test(type)) throw new Problem('request.unsupported_media_type');
}

function parseStrictly(bytes: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch (error) {
    const detail =
      error instanceof SyntaxError ? 'The body is not valid JSON.' : 'The body is not valid UTF-8.';
    throw new Problem('request.malformed_json', { detail });
  }
  const faults: Fault[] = [];
  inspect(value, '/body', 0, faults);
  if (faults.length > 0) throw new Problem('request.invalid', { errors: faults });
  return value;
}

/** Refuses what no schema should ever see: deep nesting, names that reach prototypes, broken Unicode. */
function inspect(value: unknown, pointer: string, depth: number, faults: Fault[]): void {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) faults.push({ pointer, detail: 'must be well-formed Unicode' });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (depth >= deepest) {
    faults.push({ pointer, detail: `must not be nested deeper than ${String(deepest)} levels` });
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    const place = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    if (forbiddenNames.has(name)) faults.push({ pointer: place, detail: 'is not an allowed name' });
    else inspect(inner, place, depth + 1, faults);
  }
}
