import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { Flag, Id, Instant, listQuery, pageOf, repeatable, sortBy, Version } from '../schemas/common.ts';
import { endpoint, noContent, ok, type Endpoint } from './endpoint.ts';
import { openApiDocument } from './openapi.ts';

const Colour = z.enum(['red', 'blue']).meta({ id: 'TestColour', description: 'A colour' });
const Thing = z
  .strictObject({ id: Id, colour: Colour.nullable(), version: Version })
  .meta({ id: 'TestThing', description: 'A thing' });
const Draft = z
  .strictObject({ colour: Colour.default('red') })
  .meta({ id: 'TestDraft', description: 'A new thing' });

const list = endpoint(
  'get',
  '/things',
  {
    id: 'listThings',
    summary: 'List things',
    tags: ['Tasks'],
    access: 'signed-in',
    query: z.strictObject({
      ...listQuery,
      colour: repeatable(Colour).optional().meta({ description: 'Any of these' }),
      big: Flag.optional(),
      since: Instant,
      sort: sortBy(['rank'], 'rank'),
    }),
    responses: { 200: pageOf(Thing, 'TestThingPage') },
    problems: [],
  },
  async () => ok({ items: [], nextCursor: null }),
);

const change = endpoint(
  'put',
  '/things/:id',
  {
    id: 'replaceThing',
    summary: 'Replace a thing',
    tags: ['Tasks'],
    access: 'task.delete',
    params: z.strictObject({ id: Id }),
    body: Draft,
    responses: { 204: null },
    problems: ['task.not_found'],
    ifMatch: true,
  },
  async () => noContent(),
);

const read = endpoint(
  'get',
  '/things/:id',
  {
    id: 'getThing',
    summary: 'Read a thing',
    tags: ['Tasks'],
    access: 'public',
    params: z.strictObject({ id: Id }),
    responses: { 200: z.union([Thing, Draft]) },
    problems: ['task.not_found'],
  },
  async () => ok({ id: '66a1f0c2e4b0a1b2c3d4e5f6', colour: null, version: 1 }),
);

// Each test reads the place it is about; the document's type says nothing about places.
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests read places of a JSON document that has no type of its own
const documentOf = (...endpoints: Endpoint[]): any =>
  openApiDocument(endpoints, { version: '1.2.3', serverUrl: '/api' });

function parametersOf(one: Endpoint, path: string): Record<string, object> {
  const parameters: { name?: string; $ref?: string }[] = documentOf(one).paths[path][one.method].parameters;
  return Object.fromEntries(parameters.map((each) => [each.name ?? each.$ref?.split('/').at(-1), each]));
}

describe('a query parameter is described as it is sent', () => {
  const parameters = parametersOf(list, '/things');

  it('with its limits and default, and not required when it has one', () => {
    expect(parameters['limit']).toMatchObject({
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
    });
  });

  it('a flag as the words true and false', () => {
    expect(parameters['big']).toMatchObject({ schema: { type: 'string', enum: ['true', 'false'] } });
  });

  it('a repeatable one as a repeated parameter', () => {
    expect(parameters['colour']).toMatchObject({
      description: 'Any of these',
      style: 'form',
      explode: true,
      schema: { type: 'array', items: { $ref: '#/components/schemas/TestColour' } },
    });
  });

  it('a time by its format, without the pattern behind it, and required when it is', () => {
    expect(parameters['since']).toMatchObject({ required: true, schema: { format: 'date-time' } });
    expect(parameters['since']).not.toHaveProperty('schema.pattern');
  });

  it('a sort by its fields in both directions', () => {
    expect(parameters['sort']).toMatchObject({ schema: { enum: ['rank', '-rank'], default: 'rank' } });
  });
});

describe('an operation', () => {
  it('asks for If-Match only where versions are compared', () => {
    expect(parametersOf(change, '/things/{id}')).toHaveProperty('If-Match');
    expect(parametersOf(read, '/things/{id}')).not.toHaveProperty('If-Match');
  });

  it('says which permission it needs and who has it', () => {
    expect(documentOf(change).paths['/things/{id}'].put.description).toBe(
      'Needs the permission `task.delete` (move a task to the trash and restore it), which the project roles ' +
        'owner and manager have, and the author, from the role member on. Not while the project is archived.',
    );
  });

  it('needs a token unless it is public', () => {
    const { get, put } = documentOf(change, read).paths['/things/{id}'];
    expect([get.security, put.security]).toEqual([[], [{ bearer: [] }]]);
  });

  it('announces the ETag where a body has a version', () => {
    const { get, put } = documentOf(change, read).paths['/things/{id}'];
    expect(get.responses[200].headers).toHaveProperty('ETag');
    expect(put.responses[204].headers).not.toHaveProperty('ETag');
  });

  it('groups its problems by status, each group described once', () => {
    const { paths, components } = documentOf(change, read);
    const { get, put } = paths['/things/{id}'];
    expect(put.responses[412]).toEqual({ $ref: '#/components/responses/resource.changed' });
    expect(get.responses[404]).toEqual(put.responses[404]);
    expect(components.responses['resource.changed'].content['application/problem+json'].examples).toEqual({
      'resource.changed': { $ref: '#/components/examples/resource.changed' },
    });
    expect(components.responses['task.not_found'].description).toBe('`task.not_found`: No such task.');
    expect(components.responses['rate.limited'].headers).toHaveProperty('Retry-After');
  });

  it('with a path parameter that has no schema is refused', () => {
    const faulty = { ...read, path: '/things/:id/:part' };
    expect(() => documentOf(faulty)).toThrow('getThing has no schema for the path parameter part');
  });
});

describe('a schema with an id', () => {
  it('is described once and referred to everywhere', () => {
    const { schemas } = documentOf(list, change).components;
    expect(schemas.TestThing.properties.colour.anyOf[0]).toEqual({ $ref: '#/components/schemas/TestColour' });
    expect(schemas.TestThingPage.properties.items.items).toEqual({ $ref: '#/components/schemas/TestThing' });
  });

  it('has two descriptions when sending and receiving differ', () => {
    const { schemas } = documentOf(read, change).components;
    expect(schemas.TestDraft.required).toEqual(['colour']);
    expect(schemas.TestDraftInput.required).toBeUndefined();
  });

  it('gets an example made of those of its parts when it has none', () => {
    expect(documentOf(list).components.schemas.TestThingPage.examples).toEqual([
      {
        items: [{ id: '66a1f0c2e4b0a1b2c3d4e5f6', colour: 'red', version: 3 }],
        nextCursor: null,
      },
    ]);
  });
});
