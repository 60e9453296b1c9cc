import { catalog, type ProblemCode, type ProblemKind } from '../errors/index.ts';
import { statusOf } from './problem-response.ts';

const meaningOf: Record<ProblemKind, string> = {
  malformed: 'The request itself is faulty: sent again unchanged it fails again.',
  unauthenticated: 'The server does not know who is asking.',
  forbidden: 'The server knows who is asking, and the answer is no.',
  missing: 'What the request names does not exist, or you may not see it.',
  method: 'The address exists, but not for this method.',
  conflict: 'The request is fine, but the present state of things does not allow it.',
  gone: 'What the request refers to was there once and is not kept any longer.',
  stale: 'The request was made for a state that has been changed since.',
  too_large: 'The request has a body beyond the limit.',
  media_type: 'The request has a body in a format that the server does not read.',
  refused: 'The request is well formed, but a rule refuses what it asks for.',
  limited: 'More requests came than the limit allows.',
  internal: 'The server failed; read again to see whether anything was changed.',
  unavailable: 'The server cannot answer at the moment; the same request can succeed later.',
};

/** Everything a reader needs to know about one problem. */
export interface ProblemWords {
  code: ProblemCode;
  title: string;
  status: number;
  /** What has happened, for every problem of this kind. */
  meaning: string;
  /** What to do about it; Markdown code spans. */
  remedy: string;
}

/** Describes one problem. */
export function describeProblem(code: ProblemCode): ProblemWords {
  const { kind, title, remedy } = catalog[code];
  return { code, title, status: statusOf[kind], meaning: meaningOf[kind], remedy };
}

/** Whether the text is the code of a problem. */
export const isProblemCode = (text: string): text is ProblemCode => Object.hasOwn(catalog, text);

// The keys of the catalog are exactly the codes: Object.keys only loses their type.
/** Every code, in the catalog's order. */
export const problemCodes = Object.keys(catalog) as ProblemCode[];
