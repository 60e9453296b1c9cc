import { z } from 'zod';
import { catalog, Problem, type ProblemCode, type ProblemDetails } from '../errors/index.ts';
import { problemAnswer } from './problem-response.ts';
import { problemCodes } from './problem-words.ts';

const requestId = '0d2f6a52-3f0c-4c1c-9d6b-7f6f0a3f8a11';

const typicalDetails: Partial<Record<ProblemCode, ProblemDetails>> = {
  'request.invalid': {
    detail: 'The request is not well formed; `errors` lists every fault.',
    errors: [{ pointer: '/body/title', detail: 'must not be empty' }],
  },
  'access.denied': {
    detail: 'This needs the permission task.update, which the roles owner, manager, member have.',
    extensions: { permission: 'task.update', roles: ['owner', 'manager', 'member'] },
  },
};

/** What the server answers for a code, as an example. */
const problemExample = (code: ProblemCode): Record<string, unknown> =>
  problemAnswer(new Problem(code, typicalDetails[code] ?? {}), requestId).body;

/** A problem document; members beside these depend on the code. */
export const ProblemDocument = z
  .looseObject({
    type: z.string().meta({ description: 'The address of the page about the code, on this server' }),
    title: z.string().meta({ description: 'The short name of the fault, the same for every occurrence' }),
    status: z.int().min(400).max(599).meta({ description: 'The status of the answer' }),
    detail: z.string().meta({ description: 'What happened this time, for people' }),
    instance: z.string().meta({ description: 'The request id, to find the request in the log' }),
    code: z
      .enum(problemCodes)
      .meta({ description: 'What clients decide by; a code never changes its meaning' }),
    hint: z.string().optional().meta({ description: 'What to do about it this time' }),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().meta({
            description: 'Where: a JSON pointer into the request, below /body, /query or /header',
          }),
          detail: z.string().meta({ description: 'What is wrong there' }),
        }),
      )
      .optional()
      .meta({ description: 'Every fault of the request, not only the first' }),
  })
  .meta({
    id: 'Problem',
    description: 'An error as RFC 9457 describes it',
    examples: [problemExample('request.invalid')],
  });

/** An example of each of the problems, by code, in the catalog's order. */
export const problemExamples = (
  codes: ReadonlySet<ProblemCode>,
): Record<string, { summary: string; value: unknown }> =>
  Object.fromEntries(
    problemCodes
      .filter((code) => codes.has(code))
      .map((code) => [code, { summary: catalog[code].title, value: problemExample(code) }]),
  );
