import { parseArgs } from 'node:util';
import { connect, DemoError } from './demo/api.ts';
import { playDay } from './demo/day.ts';
import { loadState, saveState } from './demo/state.ts';
import { verify } from './demo/verify.ts';
import { readWorkItems } from './demo/work-items.ts';

const usage = `npm run demo -- [options]

Plays a day of a team against a running server, or checks afterwards that everything is still there.

  --url URL      the server (default http://localhost:4000)
  --csv FILE     your own work items (default examples/work-items.csv);
                 columns project,title,description,status,priority,assignee,due_date
  --state FILE   where to keep what --verify needs (default data/demo-state.json)
  --verify       read everything back and compare it field by field
  --help         this text`;

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return;
  }
  const api = connect(options.url);
  if (options.verify) {
    const differences = await verify(api, await loadState(options.state));
    if (differences > 0) throw new DemoError(`${String(differences)} fields are not what they were.`);
    console.log('Everything is as it was.');
    return;
  }
  const items = await readWorkItems(options.csv);
  await saveState(options.state, await playDay(api, items));
  console.log(`\nSaved to ${options.state}. Restart the server and run: npm run demo -- --verify`);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        url: { type: 'string', default: 'http://localhost:4000' },
        csv: { type: 'string', default: 'examples/work-items.csv' },
        state: { type: 'string', default: 'data/demo-state.json' },
        verify: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (!/^https?:/.test(values.url) || !URL.canParse(values.url)) {
      throw new DemoError(`--url ${values.url} is no address such as http://localhost:4000.`);
    }
    return values;
  } catch (error) {
    if (error instanceof DemoError) throw error;
    throw new DemoError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

await main().catch((error: unknown) => {
  console.error(error instanceof DemoError ? error.message : error);
  process.exitCode = 1;
});
