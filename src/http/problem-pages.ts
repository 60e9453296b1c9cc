import type { Request, RequestHandler, Response } from 'express';
import { Problem } from '../errors/index.ts';
import { html, sendPage } from './page.ts';
import { describeProblem, isProblemCode, problemCodes, type ProblemWords } from './problem-words.ts';

/** `GET /problems`: the list of every problem. */
export function problemIndex(cacheControl: string): RequestHandler {
  const problems = problemCodes.map(describeProblem);
  const page = `<h1>Problems</h1>
<p>Every code that the API answers errors with.</p>
<table>
<thead><tr><th>Code</th><th>Status</th><th>Title</th></tr></thead>
<tbody>
${problems.map(row).join('\n')}
</tbody>
</table>`;
  return (req, res) => {
    res.setHeader('Cache-Control', cacheControl);
    if (wantsJson(req, res)) res.json({ items: problems.map(withType) });
    else sendPage(res, 'Problems', page);
  };
}

/** `GET /problems/:code`: what one problem means and what to do about it. */
export function problemPage(cacheControl: string): RequestHandler<{ code: string }> {
  return (req, res) => {
    const { code } = req.params;
    if (!isProblemCode(code))
      throw new Problem('route.not_found', { detail: 'There is no such problem; see /problems.' });
    const problem = describeProblem(code);
    res.setHeader('Cache-Control', cacheControl);
    if (wantsJson(req, res)) res.json(withType(problem));
    else sendPage(res, `${problem.title} (${code})`, article(problem));
  };
}

/** Whether the client would rather have JSON; browsers, and clients that take anything, get the page. */
function wantsJson(req: Request, res: Response): boolean {
  res.vary('Accept');
  const best = req.accepts(['html', 'json', 'application/problem+json']);
  return best !== false && best !== 'html';
}

const withType = (problem: ProblemWords) => ({ type: `/problems/${problem.code}`, ...problem });

const row = ({ code, status, title }: ProblemWords): string =>
  `<tr><td><a href="/problems/${code}"><code>${code}</code></a></td><td>${String(status)}</td><td>${html(title)}</td></tr>`;

const article = ({ code, status, title, meaning, remedy }: ProblemWords): string => `<h1>${html(title)}</h1>
<dl>
<dt>Code</dt><dd><code>${code}</code></dd>
<dt>Status</dt><dd>${String(status)}</dd>
<dt>What it means</dt><dd>${html(meaning)}</dd>
<dt>What to do</dt><dd>${html(remedy)}</dd>
</dl>
<p><a href="/problems">All problems</a> · <a href="/api/docs">API documentation</a></p>`;
