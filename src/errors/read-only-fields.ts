import { isDeepStrictEqual } from 'node:util';
import { Problem } from './problem.ts';

/**
 * For PUT: refuses fields that cannot change but were sent changed.
 * Throws `resource.read_only_field` with one entry per field.
 */
export function refuseChangedFields<T extends object>(
  sent: Partial<Record<keyof T, unknown>>,
  current: T,
  fields: readonly (keyof T & string)[],
): void {
  const changed = fields.filter(
    (field) => sent[field] !== undefined && !isDeepStrictEqual(sent[field], current[field]),
  );
  if (changed.length === 0) return;
  throw new Problem('resource.read_only_field', {
    errors: changed.map((field) => ({ pointer: `/body/${field}`, detail: 'cannot be changed' })),
  });
}
