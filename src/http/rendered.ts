import type { Response } from 'express';
import type { Problem } from '../errors/index.ts';
import { isJsonText } from '../schemas/json-text.ts';
import { problemAnswer } from './problem-response.ts';

/** An answer as it goes over the wire; the headers that every answer has come on top. */
export interface Rendered {
  status: number;
  headers: Record<string, string>;
  /** The body as JSON text, also as its bytes in UTF-8; null when there is none. */
  text: string | Buffer | null;
}

/** Renders what a handler answered; a versioned resource carries its `ETag`. */
export function render(reply: { status: number; body: unknown; headers?: Record<string, string> }): Rendered {
  const { status, body, headers } = reply;
  if (body === null) return { status, headers: { ...headers }, text: null };
  return {
    status,
    headers: {
      ...headers,
      ...(isVersioned(body) && { ETag: `"${String(body.version)}"` }),
      'Content-Type': 'application/json; charset=utf-8',
    },
    text: isJsonText(body) ? body.json : JSON.stringify(body),
  };
}

/** Renders a problem for one request. */
export function renderProblem(problem: Problem, requestId: string): Rendered {
  const { status, headers, body } = problemAnswer(problem, requestId);
  return {
    status,
    headers: { ...headers, 'Content-Type': 'application/problem+json; charset=utf-8' },
    text: JSON.stringify(body),
  };
}

/** Writes the answer; the body of a HEAD request stays unsent. */
export function sendRendered(res: Response, { status, headers, text }: Rendered): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
  if (text === null) {
    res.writeHead(status).end();
    return;
  }
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.writeHead(status).end(res.req.method === 'HEAD' ? undefined : text);
}

const isVersioned = (body: unknown): body is { version: number } =>
  typeof body === 'object' && body !== null && 'version' in body && typeof body.version === 'number';
