import { Problem } from '../errors/index.ts';
import { changesSince } from '../events/index.ts';

/** A request that may name the versions it knows. */
export interface Conditional {
  readonly ifMatch: readonly number[] | undefined;
  /** The fields it changes, when it asks to be merged with changes of others (`Prefer: merge`). */
  readonly merges?: readonly string[] | undefined;
}

/** Anything loaded that has a version. */
export interface VersionedDocument {
  _id: { toString(): string };
  version: number;
}

/**
 * Lets the call go on when `If-Match` was not sent or names the loaded document's version, or when the request asks
 * to be merged and nobody has changed the same fields since.
 * Throws `resource.changed` with the current version and what changed since, by whom and when.
 */
export async function requireVersion(ctx: Conditional, document: VersionedDocument): Promise<void> {
  if (ctx.ifMatch === undefined || ctx.ifMatch.includes(document.version)) return;
  const known = Math.max(0, ...ctx.ifMatch.filter((version) => version < document.version));
  const changes = await changesSince(document._id.toString(), known);
  const changedFields = [...new Set(changes.flatMap((change) => change.fields))].sort();
  // Only with every step from the known version on can anything be said about overlaps.
  const isWhole =
    known > 0 && new Set(changes.map(({ version }) => version)).size === document.version - known;
  if (isWhole && ctx.merges !== undefined && !ctx.merges.some((field) => changedFields.includes(field)))
    return;
  throw new Problem('resource.changed', {
    detail: `The resource is at version ${String(document.version)} now.`,
    headers: { ETag: `"${String(document.version)}"` },
    extensions: { version: document.version, changedFields, changes },
  });
}
