import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { textOf } from './manifests.ts';

interface Member {
  _id: number;
  host: string;
}

/** A replica set as far as the script sees it. */
interface StandIn {
  config?: { _id: string; version: number; members: Member[] };
  passwords: Record<string, string>;
  /** Fault codes that the next reconfigurations answer with. */
  refusals: string[];
  commands: string[];
}

const script = textOf('docker/mongo/init-replica-set.js');

class MongoFault extends Error {
  codeName: string;
  constructor(codeName: string) {
    super(codeName);
    this.codeName = codeName;
  }
}

/** Runs the script as mongosh would, against the stand-in. */
function run(set: StandIn, members: string, password = 'aaaa'): void {
  // The script writes these commands itself; the casts below name the shapes it gives them.
  const answers: Record<string, (command: Record<string, unknown>) => unknown> = {
    replSetGetStatus: () => {
      if (set.config === undefined) throw new MongoFault('NotYetInitialized');
      return { ok: 1 };
    },
    replSetInitiate: ({ replSetInitiate }) => {
      set.config = { version: 1, ...(replSetInitiate as { _id: string; members: Member[] }) };
    },
    replSetGetConfig: () => ({ config: structuredClone(set.config) }),
    replSetReconfig: ({ replSetReconfig }) => {
      const refusal = set.refusals.shift();
      if (refusal !== undefined) throw new MongoFault(refusal);
      set.config = structuredClone(replSetReconfig) as NonNullable<StandIn['config']>;
    },
    usersInfo: ({ usersInfo }) => ({
      users: Object.keys(set.passwords).filter((name) => name === usersInfo),
    }),
    createUser: ({ createUser, pwd }) => void (set.passwords[String(createUser)] = String(pwd)),
    updateUser: ({ updateUser, pwd }) => void (set.passwords[String(updateUser)] = String(pwd)),
  };
  const database = {
    getSiblingDB: () => database,
    runCommand: (command: Record<string, unknown>) => {
      const [name = ''] = Object.keys(command);
      set.commands.push(name);
      return answers[name]?.(command);
    },
  };
  runInNewContext(script, {
    process: {
      env: { MONGO_MEMBERS: members, MONGO_ROOT_PASSWORD: 'rrrr', MONGO_APP_PASSWORD: password },
    },
    Mongo: function () {
      return { getDB: () => database };
    },
    sleep: () => undefined,
    print: () => undefined,
  });
}

const fresh = (): StandIn => ({ passwords: {}, refusals: [], commands: [] });
const hostsOf = (set: StandIn): string[] | undefined => set.config?.members.map(({ host }) => host);
const three = 'mongo:27017,mongo2:27017,mongo3:27017';

describe('the step that makes the replica set', () => {
  it('makes a set of one and its user, and the second time nothing', () => {
    const set = fresh();
    run(set, 'mongo:27017');
    expect([hostsOf(set), set.passwords]).toEqual([['mongo:27017'], { 'pro-tasker': 'aaaa' }]);
    const before = structuredClone(set.config);
    set.commands = [];
    run(set, 'mongo:27017');
    expect(set.config).toEqual(before);
    expect(set.commands).toEqual(['replSetGetStatus', 'replSetGetConfig', 'usersInfo', 'updateUser']);
  });

  it('lets a set of one grow to three, one member at a time, each with an id of its own', () => {
    const set = fresh();
    run(set, 'mongo:27017');
    run(set, three);
    expect(hostsOf(set)).toEqual(three.split(','));
    expect(set.config?.members.map((member) => member._id)).toEqual([0, 1, 2]);
    expect(set.config?.version).toBe(3);
  });

  it('tries again while the last change has not reached a majority, and gives up on anything else', () => {
    const set = { ...fresh(), refusals: ['CurrentConfigNotCommittedYet', 'ConfigurationInProgress'] };
    run(set, three);
    expect(hostsOf(set)).toEqual(three.split(','));
    const broken = { ...fresh(), refusals: ['Unauthorized'] };
    expect(() => {
      run(broken, three);
    }).toThrow('Unauthorized');
  });

  it('gives the user the password of today', () => {
    const set = fresh();
    run(set, 'mongo:27017');
    run(set, 'mongo:27017', 'bbbb');
    expect(set.passwords).toEqual({ 'pro-tasker': 'bbbb' });
  });
});
