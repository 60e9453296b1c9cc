import { z } from 'zod';
import type { EndpointSpec } from '../../src/http/endpoint.ts';
import type { Sample } from './sample-requests.ts';

/** One place in a request where a client writes a value. */
export interface InputField {
  where: 'params' | 'query' | 'body';
  /** Names from the outside in; `*` is an element of an array. */
  path: string[];
  /** True where an id is expected (beside words such as `me`). */
  isId: boolean;
  isText: boolean;
  nullable: boolean;
}

/** As much of JSON Schema as zod writes. */
interface Node {
  $ref?: string;
  type?: string;
  pattern?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Node[];
  allOf?: Node[];
  properties?: Record<string, Node>;
  items?: Node;
  $defs?: Record<string, Node>;
}

const idPattern = '^[0-9a-f]{24}$';

/** Every input of an endpoint that takes text or an id, found in its schemas. */
export function inputsOf(spec: EndpointSpec): InputField[] {
  return (['params', 'query', 'body'] as const).flatMap((where) => {
    const schema = spec[where];
    if (schema === undefined) return [];
    const found = new Map<string, InputField>();
    // What a preprocessing step takes is unknown to the input form, what a transformation gives to the output form.
    for (const io of ['input', 'output'] as const) {
      const root = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Node;
      for (const { path, nodes } of leavesOf(root, root, [])) {
        const field = fieldOf(where, path, nodes);
        const known = found.get(path.join('/'));
        if (known === undefined || (!known.isId && !known.isText)) found.set(path.join('/'), field);
      }
    }
    return [...found.values()].filter((field) => field.isId || field.isText);
  });
}

interface Leaf {
  path: string[];
  nodes: Node[];
}

function leavesOf(root: Node, node: Node, path: string[]): Leaf[] {
  const nodes = variantsOf(root, node);
  const inner = nodes.flatMap((one) => [
    ...Object.entries(one.properties ?? {}).flatMap(([name, child]) =>
      leavesOf(root, child, [...path, name]),
    ),
    ...(one.items === undefined ? [] : leavesOf(root, one.items, [...path, '*'])),
  ]);
  return inner.length > 0 ? inner : [{ path, nodes }];
}

function variantsOf(root: Node, node: Node): Node[] {
  if (node.$ref !== undefined) {
    const name = node.$ref.split('/').at(-1) ?? '';
    return variantsOf(root, root.$defs?.[name] ?? {});
  }
  const parts = [...(node.anyOf ?? []), ...(node.allOf ?? [])];
  return parts.length > 0 ? parts.flatMap((part) => variantsOf(root, part)) : [node];
}

function fieldOf(where: InputField['where'], path: string[], nodes: Node[]): InputField {
  const isId = nodes.some((node) => node.pattern === idPattern);
  // In a URL everything is text.
  const isText = where !== 'body' || nodes.some((node) => node.type === 'string');
  return { where, path, isId, isText: isText && !isId, nullable: nodes.some((node) => node.type === 'null') };
}

/** The sample with one input replaced. */
export function withValue(sample: Sample, { where, path }: InputField, value: unknown): Sample {
  if (where !== 'body') return { ...sample, [where]: { ...sample[where], [path[0] ?? '']: value } };
  return { ...sample, body: placed(sample.body, path, value) };
}

function placed(target: unknown, [name, ...rest]: string[], value: unknown): unknown {
  if (name === undefined) return value;
  if (name === '*') return [placed(undefined, rest, value)];
  const fields = typeof target === 'object' && target !== null ? { ...target } : {};
  return { ...fields, [name]: placed(fields[name as keyof typeof fields], rest, value) };
}

/** How a field is called in a report. */
export const nameOf = ({ where, path }: InputField): string => `${where}/${path.join('/')}`;

/** Fields that exclude each other: the sample without what the other one would contradict. */
export function without(sample: Sample, field: InputField): Sample {
  const rivals: Record<string, string> = { email: 'userId', after: 'before' };
  const rival = field.where === 'body' && field.path.length === 1 ? rivals[field.path[0] ?? ''] : undefined;
  if (rival === undefined) return sample;
  // A rival is a field of an object.
  const { [rival]: _, ...rest } = sample.body as Record<string, unknown>;
  return { ...sample, body: rest };
}
