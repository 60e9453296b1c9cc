import mongoose from 'mongoose';
import type { Answer, Sending, TestApp } from '../app.ts';

/** What the watch has looked at, and where it found what nobody may see. */
export interface CanaryReport {
  answers: number;
  logLines: number;
  leaks: string[];
}

interface Foreign {
  text: string;
  tokens: Set<string>;
}

/**
 * Looks into every answer and log line for unique texts: secrets, which nobody gets to see, and a foreign
 * project's text, which only those in the project get to see.
 */
export function watchCanaries(app: TestApp) {
  const secrets: string[] = [];
  const foreigners: Foreign[] = [];
  const leaks: string[] = [];
  const kept: string[] = [];
  let answers = 0;

  const request = async (method: string, path: string, sending: Sending = {}): Promise<Answer> => {
    const answer = await app.request(method, path, sending);
    answers += 1;
    const text = `${answer.text}\n${JSON.stringify(answer.headers)}`;
    const report = (what: string): void => {
      leaks.push(`${what} in the answer to ${method} ${path}: ${text.slice(0, 500)}`);
    };
    if (secrets.some((secret) => text.includes(secret))) report('a secret');
    for (const foreign of foreigners) {
      const may = sending.token !== undefined && foreign.tokens.has(sending.token);
      if (!may && text.includes(foreign.text)) report('foreign text');
    }
    kept.push(text);
    return answer;
  };

  return {
    request,
    secret: (text: string) => void secrets.push(text),
    foreign: (text: string, ...tokens: string[]) => void foreigners.push({ text, tokens: new Set(tokens) }),
    /** Searches the log, and everything answered so far for the stored hashes. */
    report: async (): Promise<CanaryReport> => {
      const stored: string[] = [];
      for (const name of ['credentials', 'refreshtokens']) {
        for (const { hash } of await mongoose.connection.collection(name).find().toArray())
          stored.push(String(hash));
      }
      const all = [...secrets, ...stored];
      for (const text of kept) {
        if (stored.some((hash) => text.includes(hash))) leaks.push(`a stored hash in ${text.slice(0, 500)}`);
      }
      const never = [...all, ...foreigners.map(({ text }) => text)];
      for (const line of app.logLines) {
        const isToken = /\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}/.test(line);
        if (isToken || never.some((text) => line.includes(text))) leaks.push(`in the log: ${line}`);
      }
      return { answers, logLines: app.logLines.length, leaks };
    },
  };
}
