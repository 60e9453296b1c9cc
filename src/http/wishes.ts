import type { Request } from 'express';
import { Problem, type Fault } from '../errors/index.ts';
import type { Endpoint } from './endpoint.ts';
import { readIdempotencyKey } from './idempotency.ts';

/** How a client wants its write done; `faults` tells what of it could not be read. */
export interface Wishes {
  /** The `Idempotency-Key`; a rehearsal has no use for it. */
  key: string | undefined;
  /** `dryRun=true`: the answer without the effect. */
  rehearse: boolean;
  /** `Prefer: merge` with PATCH: let fields through that nobody else has changed. */
  merge: boolean;
  /** What `Preference-Applied` says (RFC 7240). */
  preferences: string[];
  faults: Fault[];
}

/** Those of a read. */
export const noWishes: Wishes = {
  key: undefined,
  rehearse: false,
  merge: false,
  preferences: [],
  faults: [],
};

/** Reads how a write is to be done. Throws `request.not_supported` where answers hold secrets. */
export function readWishes({ spec, method }: Endpoint, req: Request): Wishes {
  const { 'idempotency-key': keyHeader, prefer } = req.headers;
  const dryRun: unknown = req.query['dryRun'];
  if (spec.answersSecrets === true && (keyHeader !== undefined || dryRun !== undefined)) {
    const feature = keyHeader !== undefined ? 'the header Idempotency-Key' : 'the parameter dryRun';
    throw new Problem('request.not_supported', {
      detail: `This endpoint does not support ${feature}, because its answers are never kept; leave it out.`,
    });
  }
  const faults: Fault[] = [];
  if (dryRun !== undefined && dryRun !== 'true' && dryRun !== 'false')
    faults.push({ pointer: '/query/dryRun', detail: 'must be true or false' });
  const rehearse = dryRun === 'true';
  const key = readIdempotencyKey(keyHeader, faults);
  const merge = method === 'patch' && /(?:^|[,;\s])merge(?:$|[,;\s])/i.test(String(prefer ?? ''));
  return {
    key: rehearse ? undefined : key,
    rehearse,
    merge,
    preferences: [...(merge ? ['merge'] : []), ...(rehearse ? ['dry-run'] : [])],
    faults,
  };
}
