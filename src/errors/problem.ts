import { catalog, type ProblemCode } from './catalog.ts';

/** One fault in the input: where (a JSON pointer into the request, such as `/body/title`) and what. */
export interface Fault {
  pointer: string;
  detail: string;
}

/** What a problem carries beside its code; `extensions` become members of the problem document. */
export interface ProblemDetails {
  detail?: string;
  hint?: string;
  errors?: Fault[];
  retryAfterSeconds?: number;
  headers?: Record<string, string>;
  extensions?: Record<string, unknown>;
  cause?: unknown;
}

/** A fault with a public code (RFC 9457); the only kind of error domain code throws on purpose. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? catalog[code].title, { cause: details.cause });
    this.name = 'Problem';
    this.code = code;
    this.details = details;
  }
}
