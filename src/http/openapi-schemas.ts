import { z } from 'zod';
import { exampleOf } from './openapi-examples.ts';

/** A JSON Schema (2020-12) or any other part of an OpenAPI document. */
export type Json = Record<string, unknown>;

/** Which side of a schema is meant: what may be sent in, or what comes out. */
export type Direction = 'input' | 'output';

/** Turns zod schemas into JSON Schema; those with an id are described once, under `components`. */
export interface SchemaBook {
  /** The schema itself, or a reference when it has an id. */
  describe(schema: z.ZodType, direction: Direction): Json;
  /** The object's properties by name, for parameters; `required` names those that must be given. */
  properties(schema: z.ZodObject): { properties: Record<string, Json>; required: string[] };
  /** Every schema with an id described so far, by id in alphabetical order, each with an example. */
  components(): Record<string, Json>;
}

/** Starts an empty book. */
export function schemaBook(): SchemaBook {
  const known: Record<string, Json> = {};

  const convert = (schema: z.ZodType, direction: Direction): Json => {
    // The wrapper makes a schema with an id a reference instead of the root.
    const document = z.toJSONSchema(z.object({ it: schema }), {
      io: direction,
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        tidy(jsonSchema);
        // Zod leaves it out where the value is read from text first. What a schema falls back to is JSON.
        const { def } = zodSchema._zod;
        if (def.type === 'default') jsonSchema.default ??= def.defaultValue as typeof jsonSchema.default;
      },
    });
    const definitions = (document.$defs ?? {}) as Record<string, Json>;
    const names = nameDefinitions(known, definitions, direction);
    for (const [id, definition] of Object.entries(definitions))
      known[names[id] ?? id] = relink(definition, names) as Json;
    return relink(document.properties?.['it'], names) as Json;
  };

  return {
    describe: convert,
    properties: (schema) => {
      // `z.object` drops the id, so that the properties are at hand and not behind a reference.
      const { properties, required } = convert(z.object(schema.shape), 'input');
      return {
        properties: (properties ?? {}) as Record<string, Json>,
        required: (required ?? []) as string[],
      };
    },
    components: () =>
      Object.fromEntries(
        Object.entries(known)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([id, schema]) => [id, withExample(schema, known)]),
      ),
  };
}

/** Chooses each definition's name: its id, or `<id>Input` where the id already means what comes out. */
function nameDefinitions(
  known: Record<string, Json>,
  definitions: Record<string, Json>,
  direction: Direction,
): Record<string, string> {
  const plain = Object.fromEntries(Object.keys(definitions).map((id) => [id, id]));
  const differs = Object.entries(definitions).some(([id, definition]) => {
    const before = known[id];
    return before !== undefined && JSON.stringify(before) !== JSON.stringify(relink(definition, plain));
  });
  if (!differs) return plain;
  const suffix = direction === 'input' ? 'Input' : 'Output';
  return Object.fromEntries(Object.keys(definitions).map((id) => [id, `${id}${suffix}`]));
}

const safeBounds = new Set<unknown>([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]);
const patternedFormats = new Set<unknown>(['date-time', 'date', 'email', 'uri']);

/** Removes what zod adds for itself: the bounds of safe integers and the long patterns behind known formats. */
function tidy(schema: Json): void {
  if (safeBounds.has(schema['minimum'])) delete schema['minimum'];
  if (safeBounds.has(schema['maximum'])) delete schema['maximum'];
  if (patternedFormats.has(schema['format'])) delete schema['pattern'];
  if (schema['example'] !== undefined) {
    schema['examples'] ??= [schema['example']];
    delete schema['example'];
  }
}

const definitionPrefix = '#/$defs/';

/** Points references at the components of the document. */
function relink(part: unknown, names: Record<string, string>): unknown {
  if (Array.isArray(part)) return part.map((one) => relink(one, names));
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([name, value]: [string, unknown]) => {
      if (name !== '$ref' || typeof value !== 'string' || !value.startsWith(definitionPrefix))
        return [name, relink(value, names)];
      const id = value.slice(definitionPrefix.length);
      return [name, `#/components/schemas/${names[id] ?? id}`];
    }),
  );
}

function withExample(schema: Json, known: Record<string, Json>): Json {
  return schema['examples'] === undefined ? { ...schema, examples: [exampleOf(schema, known)] } : schema;
}
