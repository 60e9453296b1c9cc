import { startEmbedded } from './index.ts';

// Run as a process of its own by a spec, which then kills it as a crash would.
const [dataFolder = '', cacheHome = '', path] = process.argv.slice(2);
const database = await startEmbedded({
  dataFolder,
  env: { XDG_CACHE_HOME: cacheHome, PATH: path },
  report: () => {},
  only: 'secantusd-rs',
});
process.on('SIGTERM', () => process.exit(0));
console.log(JSON.stringify({ uri: database.uri, pid: database.pid }));
setInterval(() => {}, 1_000);
