import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { catalog } from '../../src/errors/index.ts';
import { openApiDocument, templateOf } from '../../src/http/openapi.ts';
import { problemsByStatus } from '../../src/http/openapi-answers.ts';
import { routes } from '../../src/routes.ts';

interface Operation {
  operationId: string;
  summary: string;
  description: string;
  tags: string[];
  security: Record<string, string[]>[];
  parameters: { $ref?: string; name?: string; in?: string; description?: string; schema?: object }[];
  responses: Record<string, Response | { $ref: string }>;
}

interface Response {
  headers: object;
  content?: Record<string, { examples?: object }>;
}

interface Document {
  tags: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, { examples?: unknown[]; description?: string }>;
    responses: Record<string, Response>;
  };
}

// The shape is what the tests below are about.
const document = openApiDocument(routes, { version: '0.0.0', serverUrl: '/api' }) as unknown as Document;

const operations = routes.map((one) => {
  const operation = document.paths[templateOf(one.path)]?.[one.method];
  if (operation === undefined) throw new Error(`${one.method} ${one.path} is not described`);
  return { one, operation, name: `${one.method.toUpperCase()} ${one.path}` };
});

const responseOf = (response: Response | { $ref: string } | undefined): Response | undefined =>
  response !== undefined && '$ref' in response
    ? document.components.responses[response.$ref.replace('#/components/responses/', '')]
    : response;

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Lints the document with the project's rules; gives every complaint. */
async function lint(): Promise<{
  totals: { errors: number; warnings: number };
  problems: { message: string }[];
}> {
  const folder = await mkdtemp(join(tmpdir(), 'openapi-'));
  try {
    const file = join(folder, 'openapi.json');
    await writeFile(file, JSON.stringify(document));
    const linter = spawn(
      process.execPath,
      ['node_modules/@redocly/cli/bin/cli.js', 'lint', file, '--format=json', '--config=redocly.yaml'],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'ignore'],
        env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', CI: 'true' },
      },
    );
    const chunks: Buffer[] = [];
    for await (const chunk of linter.stdout) chunks.push(chunk as Buffer);
    const report = Buffer.concat(chunks).toString();
    return JSON.parse(report.slice(report.indexOf('{')));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the OpenAPI document', () => {
  it('passes the linter without an error or a warning', async () => {
    const { totals, problems } = await lint();
    expect({ ...totals, problems: problems.map(({ message }) => message) }).toMatchObject({
      errors: 0,
      warnings: 0,
      problems: [],
    });
  });

  it('names every operation once', () => {
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it('explains every tag', () => {
    expect(document.tags.filter(({ description }) => !description)).toEqual([]);
  });

  it('gives every schema a description and an example', () => {
    const bare = Object.entries(document.components.schemas).filter(
      ([, { examples, description }]) => !description || examples === undefined || examples.length === 0,
    );
    expect(bare.map(([id]) => id)).toEqual([]);
  });
});

describe.each(operations)('$name', ({ one, operation }) => {
  it('has a summary, one explained tag, and says who may call it', () => {
    expect(operation.summary).toMatch(/^[A-Z].*[^.]$/);
    expect(operation.description).toContain(
      one.spec.access.includes('.') ? one.spec.access : 'may call this',
    );
    expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining(operation.tags));
    expect(operation.tags).toHaveLength(1);
    expect(operation.security).toEqual(one.spec.access === 'public' ? [] : [{ bearer: [] }]);
  });

  it('lists every problem it can have, under its status', () => {
    for (const [status, codes] of problemsByStatus(one)) {
      const examples = responseOf(operation.responses[status])?.content?.['application/problem+json']
        ?.examples;
      expect(Object.keys(examples ?? {})).toEqual(codes);
      for (const code of codes) expect(catalog).toHaveProperty([code]);
    }
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['500', '503']));
  });

  it('names the request id and the rate limit on every answer', () => {
    for (const response of Object.values(operation.responses))
      expect(responseOf(response)?.headers).toMatchObject({
        'X-Request-Id': {},
        RateLimit: {},
        'RateLimit-Policy': {},
      });
  });

  it('describes every parameter', () => {
    const silent = operation.parameters.filter(
      ({ $ref, description }) => $ref === undefined && description === undefined,
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

describe('an example is what its schema accepts', () => {
  const byId = z.globalRegistry._idmap;

  it.each(Object.keys(document.components.schemas))('%s', (name) => {
    const schema = byId.get(name) ?? byId.get(name.replace(/(?:Input|Output)$/, ''));
    const faults = (document.components.schemas[name]?.examples ?? []).flatMap((example) => {
      const outcome = z.safeParse(schema ?? z.never(), example);
      return outcome.success ? [] : outcome.error.issues;
    });
    expect(faults).toEqual([]);
  });
});
