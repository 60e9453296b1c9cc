type Json = Record<string, unknown>;

const prefix = '#/components/schemas/';
const deepest = 8;

/**
 * Puts an example together from the examples, defaults and choices inside a schema, without the properties that
 * may be left out; `known` resolves references.
 */
export function exampleOf(schema: Json, known: Record<string, Json>, depth = 0): unknown {
  const { $ref, examples, enum: choices, anyOf, oneOf, allOf } = schema;
  if (Array.isArray(examples) && examples.length > 0) return examples[0];
  if ('default' in schema) return schema['default'];
  if ('const' in schema) return schema['const'];
  if (depth > deepest) return null;
  if (typeof $ref === 'string' && $ref.startsWith(prefix))
    return exampleOf(known[$ref.slice(prefix.length)] ?? {}, known, depth + 1);
  if (Array.isArray(choices)) return choices[0];
  for (const alternatives of [anyOf, oneOf, allOf]) {
    // The parts of a JSON Schema combination are schemas.
    if (Array.isArray(alternatives)) return exampleOf((alternatives[0] ?? {}) as Json, known, depth + 1);
  }
  return exampleOfType(schema, known, depth);
}

function exampleOfType(schema: Json, known: Record<string, Json>, depth: number): unknown {
  const { type, properties, required, items, minimum, format } = schema;
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries((properties ?? {}) as Record<string, Json>)
          .filter(([name]) => !Array.isArray(required) || required.includes(name))
          .map(([name, property]) => [name, exampleOf(property, known, depth + 1)]),
      );
    case 'array':
      return typeof items === 'object' && items !== null ? [exampleOf(items as Json, known, depth + 1)] : [];
    case 'integer':
    case 'number':
      return typeof minimum === 'number' ? minimum : 1;
    case 'boolean':
      return false;
    case 'string':
      return typeof format === 'string' ? (formatExamples[format] ?? 'text') : 'text';
    default:
      return null;
  }
}

const formatExamples: Record<string, string> = {
  'date-time': '2026-12-31T12:00:00.000Z',
  date: '2026-12-31',
  email: 'ada@example.com',
  uri: 'https://example.com/ada.png',
};
