import type { ProblemCode } from '../errors/index.ts';
import type { Endpoint } from './endpoint.ts';

/** The problems an endpoint has by what it is, without declaring them one by one. */
export function commonProblems({ method, spec }: Endpoint): ProblemCode[] {
  const codes: ProblemCode[] = [
    'request.invalid',
    'rate.limited',
    'server.internal',
    'server.busy',
    'server.database_unavailable',
  ];
  if (spec.params !== undefined && !spec.problems.some((code) => code.endsWith('not_found')))
    codes.push('route.not_found');
  if (spec.access !== 'public')
    codes.push('auth.required', 'auth.invalid_token', 'auth.session_ended', 'auth.account_disabled');
  if (spec.access !== 'public' && spec.access !== 'signed-in') codes.push('access.denied');
  if (method !== 'get') {
    codes.push('request.malformed_json', 'request.too_large', 'request.unsupported_media_type');
    if (spec.answersSecrets === true) codes.push('request.not_supported');
    else codes.push('idempotency.key_reused', 'idempotency.in_progress');
  }
  if (spec.ifMatch === true) codes.push('resource.changed');
  if (spec.query !== undefined && 'cursor' in spec.query.shape) codes.push('request.invalid_cursor');
  return codes;
}
