import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiDocument, templateOf } from '../../src/http/openapi.ts';
import { routes } from '../../src/routes.ts';
import { startApp, type TestApp } from '../app.ts';

/** What answers beside the endpoint list, by name; pages and health, nothing of the API itself. */
const besideTheList = [
  'GET /api',
  'GET /api/',
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
  'GET /api/openapi.json',
  'GET /api/docs',
  'GET /api/docs/:file',
  'GET /problems',
  'GET /problems/:code',
];

/** What Express 5 keeps of a router: a stack of layers, each a route, a router or a middleware. */
interface Layer {
  rawPath: string | string[];
  route?: { path: string | string[]; stack: { method?: string }[] };
  handle: { stack?: Layer[] };
}

/** Every method and path below the layers, as the running app would match them. */
function liveRoutes(layers: readonly Layer[], prefix = ''): string[] {
  return layers.flatMap(({ route, handle, rawPath }) => {
    if (route !== undefined) {
      const methods = route.stack.flatMap(({ method }) =>
        method === undefined ? [] : [method.toUpperCase()],
      );
      const paths = [route.path].flat();
      return paths.flatMap((path) => [...new Set(methods)].map((method) => `${method} ${prefix}${path}`));
    }
    return [rawPath]
      .flat()
      .flatMap((path) => liveRoutes(handle.stack ?? [], prefix + path.replace(/\/$/, '')));
  });
}

const declared = routes.map(({ method, path }) => `${method.toUpperCase()} /api${path}`);

describe('the endpoint list is the whole API', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startApp();
  });

  afterAll(async () => {
    await app.close();
  });

  it('the running app answers exactly what is declared, and the named pages', () => {
    // What the server hands its requests to is the Express app; `Layer` names what is read of its router.
    const [listener] = app.instance.server.listeners('request') as unknown as {
      router: { stack: Layer[] };
    }[];
    expect(liveRoutes(listener?.router.stack ?? []).sort()).toEqual([...declared, ...besideTheList].sort());
  });

  it('the OpenAPI document describes exactly what is declared', () => {
    // The shape is what the test is about.
    const { paths } = openApiDocument(routes, { version: '0.0.0', serverUrl: '/api' }) as {
      paths: Record<string, object>;
    };
    const described = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const expected = routes.map(({ method, path }) => `${method.toUpperCase()} ${templateOf(path)}`);
    expect(described.sort()).toEqual(expected.sort());
  });

  it('no endpoint is declared twice', () => {
    expect(declared.filter((one, index) => declared.indexOf(one) !== index)).toEqual([]);
  });
});
