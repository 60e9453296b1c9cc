import { markdownTable } from '../markdown.ts';
import { describeProblem, problemCodes } from './problem-words.ts';

/** The text of `docs/problems.md`: every problem the API answers with. */
export function renderProblemsDoc(): string {
  const problems = problemCodes.map(describeProblem);
  return `${[
    '# Problems',
    '<!-- Generated from src/errors/catalog.ts: change it there. -->',
    'Every error is an `application/problem+json` document (RFC 9457) with `type`, `title`, `status`, `detail`, ' +
      '`instance` (the request id) and `code`. Decide by `code`: codes never change their meaning, while titles ' +
      'and details are for people. A faulty request carries all its faults in ' +
      '`errors: [{ "pointer": "/body/title", "detail": "…" }]`. A running server explains each code at ' +
      '`/problems/<code>`.',
    markdownTable([
      ['Code', 'Status', 'Title'],
      ...problems.map(({ code, status, title }) => [
        `[\`${code}\`](#${code.replaceAll(/[^\w-]/g, '')})`,
        String(status),
        title,
      ]),
    ]),
    ...problems.map(
      ({ code, status, title, meaning, remedy }) =>
        `## ${code}\n\n**${title}** (status ${status}). ${meaning}\n\nWhat to do: ${remedy}`,
    ),
  ].join('\n\n')}\n`;
}
