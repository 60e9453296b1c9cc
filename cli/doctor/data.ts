import type { Config } from '../../src/config/index.ts';
import { consumers } from '../../src/consumers.ts';
import type { FollowerState } from '../../src/events/follower-desk.ts';
import { logReadings } from '../../src/events/log-readings.ts';
import { CounterModel, ProjectModel } from '../../src/features/projects/project.model.ts';
import { expiredTrash } from '../../src/features/projects/trash.ts';
import { TaskModel } from '../../src/features/tasks/task.model.ts';
import { CredentialModel } from '../../src/features/users/credential.model.ts';
import { countJobs } from '../../src/jobs/index.ts';
import { JobModel } from '../../src/jobs/job.model.ts';
import { fault, ok, several, some, warning, type Finding } from './finding.ts';

const startWorker = 'run a process with the role worker (ROLES) and look into its log.';
const mostLag = 1_000;
const mostUnnumberedSeconds = 60;

/** Whether the log is numbered and its followers keep up. */
export async function checkFollowers(): Promise<Finding[]> {
  const { sequencerLagSeconds, followers } = await logReadings(consumers);
  const numbering =
    sequencerLagSeconds > mostUnnumberedSeconds
      ? fault(
          'events',
          `one has been waiting for its number for ${sequencerLagSeconds.toFixed(0)} s`,
          startWorker,
        )
      : ok('events', 'all are numbered');
  const findings = followers.flatMap(judgeFollower);
  return [
    numbering,
    ...(findings.length > 0
      ? findings
      : [ok('followers', `${several(followers.length, 'follower')} keep up`)]),
  ];
}

function judgeFollower({ name, lag, parked, owner }: FollowerState): Finding[] {
  const findings: Finding[] = [];
  if (parked > 0) {
    const advice = `look at their errors, mend the cause, then run: npm run cli -- followers unpark ${name}`;
    findings.push(fault('followers', `${name} has set ${several(parked, 'event')} aside`, advice));
  }
  const behind = `${name} is ${several(lag, 'event')} behind`;
  if (lag > mostLag && owner === null)
    findings.push(fault('followers', `${behind} and nobody leads it`, startWorker));
  else if (lag > mostLag)
    findings.push(
      warning('followers', behind, 'wait; if it does not fall, look into the log of the worker.'),
    );
  return findings;
}

const latestStartMs = 5 * 60_000;

/** Whether jobs are done. */
export async function checkJobs(now: Date): Promise<Finding[]> {
  const { waiting, running, parked } = await countJobs();
  const findings: Finding[] = [];
  if (parked > 0)
    findings.push(
      fault(
        'jobs',
        `${several(parked, 'job')} failed too often and ${parked === 1 ? 'is' : 'are'} parked`,
        'look at them with: npm run cli -- jobs, mend the cause, then retry them.',
      ),
    );
  const late = await JobModel.countDocuments({
    state: { $in: ['waiting', 'running'] },
    nextAt: { $lt: new Date(now.getTime() - latestStartMs) },
  });
  if (late > 0)
    findings.push(fault('jobs', `${several(late, 'job')} should have run five minutes ago`, startWorker));
  return findings.length > 0
    ? findings
    : [ok('jobs', `${String(waiting)} waiting, ${String(running)} running`)];
}

/** Whether every stored password can be checked with the peppers of the configuration. */
export async function checkPeppers(config: Config): Promise<Finding> {
  const known = new Set([
    null,
    config.passwordPepperId ?? null,
    ...config.passwordPeppersPrevious.map(({ id }) => id),
  ]);
  const used = await CredentialModel.aggregate<{ _id: string | null; count: number }>([
    { $group: { _id: '$pepperId', count: { $sum: 1 } } },
  ]);
  const unknown = used.filter(({ _id }) => !known.has(_id));
  const count = unknown.reduce((sum, one) => sum + one.count, 0);
  if (count === 0) return ok('peppers', 'every stored password names a known one');
  const ids = some(unknown.map(({ _id }) => String(_id)));
  return fault(
    'peppers',
    `${several(count, 'password')} ${count === 1 ? 'was' : 'were'} made with ${ids}, which the configuration does not have`,
    'add it to PASSWORD_PEPPER_PREVIOUS: without it these people cannot log in.',
  );
}

/** Whether the trash is emptied. */
export async function checkTrash(now: Date, config: Config): Promise<Finding> {
  const dayMs = 86_400_000;
  // The job comes every hour: after two days no worker has run it.
  const filter = expiredTrash(new Date(now.getTime() - 2 * dayMs), config);
  const [projects, tasks] = await Promise.all([
    ProjectModel.countDocuments(filter),
    TaskModel.countDocuments(filter),
  ]);
  return projects + tasks > 0
    ? warning(
        'trash',
        `${several(projects, 'project')} and ${several(tasks, 'task')} should have been removed`,
        startWorker,
      )
    : ok('trash', 'holds nothing for too long');
}

const damage =
  'restore a backup of before, or ask the maintainers with this line: no service leaves this behind.';

/** Whether what belongs together is together. */
export async function checkReferences(): Promise<Finding[]> {
  const [strangers, homeless, uncounted, behind] = await Promise.all([
    orphanedMembers(),
    tasksWithoutProject(),
    projectsWithoutCounter(),
    countersBehind(),
  ]);
  const findings: Finding[] = [];
  if (strangers.length > 0)
    findings.push(
      fault(
        'members',
        `${several(strangers.length, 'member')} of projects ${strangers.length === 1 ? 'has' : 'have'} no account: ${some(strangers)}`,
        'let an owner remove them from the project (DELETE /api/projects/{id}/members/{userId}).',
      ),
    );
  if (homeless > 0)
    findings.push(
      warning(
        'tasks',
        `${several(homeless, 'project')} with tasks ${homeless === 1 ? 'is' : 'are'} gone`,
        damage,
      ),
    );
  if (uncounted.length > 0)
    findings.push(
      fault('counters', `no task can be made in ${some(uncounted)}: the counter is missing`, damage),
    );
  if (behind.length > 0)
    findings.push(
      fault('counters', `the next tasks of ${some(behind)} would get numbers that are taken`, damage),
    );
  return findings.length > 0 ? findings : [ok('references', 'members, tasks and counters fit together')];
}

async function orphanedMembers(): Promise<string[]> {
  const found = await ProjectModel.aggregate<{ _id: unknown }>([
    { $match: { deletedAt: null } },
    { $unwind: '$members' },
    { $group: { _id: '$members.userId' } },
    { $lookup: { from: 'users', localField: '_id', foreignField: '_id', as: 'user' } },
    { $match: { user: { $not: { $elemMatch: { deletedAt: null } } } } },
    { $project: { _id: 1 } },
  ]);
  return found.map(({ _id }) => String(_id));
}

async function tasksWithoutProject(): Promise<number> {
  const found = await TaskModel.aggregate<{ _id: unknown }>([
    { $group: { _id: '$projectId' } },
    { $lookup: { from: 'projects', localField: '_id', foreignField: '_id', as: 'project' } },
    { $match: { project: { $size: 0 } } },
    { $project: { _id: 1 } },
  ]);
  return found.length;
}

async function projectsWithoutCounter(): Promise<string[]> {
  const found = await ProjectModel.aggregate<{ _id: unknown }>([
    { $project: { _id: 1 } },
    { $lookup: { from: 'counters', localField: '_id', foreignField: '_id', as: 'counter' } },
    { $match: { counter: { $size: 0 } } },
    { $project: { _id: 1 } },
  ]);
  return found.map(({ _id }) => String(_id));
}

async function countersBehind(): Promise<string[]> {
  const [highest, counters] = await Promise.all([
    TaskModel.aggregate<{ _id: unknown; number: number }>([
      { $group: { _id: '$projectId', number: { $max: '$number' } } },
    ]),
    CounterModel.find().lean(),
  ]);
  const given = new Map(counters.map(({ _id, number }) => [String(_id), number]));
  return highest
    .filter(({ _id, number }) => number > (given.get(String(_id)) ?? Infinity))
    .map(({ _id }) => String(_id));
}
