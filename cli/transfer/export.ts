import { mongo } from 'mongoose';
import { withSnapshot } from '../../src/db/backup/index.ts';
import type { StoredProject } from '../../src/features/projects/project.model.ts';
import type { StoredTask } from '../../src/features/tasks/task.model.ts';
import type { StoredUser } from '../../src/features/users/user.model.ts';
import type { Line } from './lines.ts';

/** The lines of a project as it is at one moment. `name` is its key or its id. Throws when that is none, or several. */
export function exportProject(
  client: mongo.MongoClient,
  db: mongo.Db,
  name: string,
  write: (line: Line) => Promise<void>,
): Promise<{ members: number; tasks: number }> {
  return withSnapshot(client, db, async ({ session }) => {
    const project = await projectOf(db, name, session);
    const emails = new Map<string, { email: string; name: string }>();
    const know = async (ids: readonly mongo.ObjectId[]): Promise<void> => {
      const unknown = ids.filter((id) => !emails.has(id.toHexString()));
      if (unknown.length === 0) return;
      const users = db.collection<StoredUser>('users');
      for await (const user of users.find({ _id: { $in: unknown }, deletedAt: null }, { session }))
        emails.set(user._id.toHexString(), { email: user.email, name: user.name });
    };
    const emailOf = (id: mongo.ObjectId | null): string | null =>
      id === null ? null : (emails.get(id.toHexString())?.email ?? null);

    await know(project.members.map(({ userId }) => userId));
    const { key, name: title, description, status, statuses, createdAt } = project;
    await write({
      ...{ type: 'project', format: 1, key, name: title, description, status, statuses },
      createdAt: createdAt.toISOString(),
    });
    let members = 0;
    for (const { userId, role, since } of project.members) {
      const person = emails.get(userId.toHexString());
      if (person === undefined) continue;
      members += 1;
      await write({ type: 'member', ...person, role, since: since.toISOString() });
    }
    let tasks = 0;
    const found = db
      .collection<StoredTask>('tasks')
      .find({ projectId: project._id }, { session })
      .sort({ number: 1 });
    for await (const task of found) {
      await know([task.createdBy, ...(task.assigneeId === null ? [] : [task.assigneeId])]);
      tasks += 1;
      await write({
        type: 'task',
        number: task.number,
        title: task.title,
        description: task.description,
        status: task.status,
        priority: task.priority,
        dueDate: task.dueDate,
        rank: task.rank,
        assignee: emailOf(task.assigneeId),
        createdBy: emailOf(task.createdBy),
        completedAt: task.completedAt?.toISOString() ?? null,
        deletedAt: task.deletedAt?.toISOString() ?? null,
        createdAt: task.createdAt.toISOString(),
        updatedAt: task.updatedAt.toISOString(),
      });
    }
    await write({ type: 'end', members, tasks });
    return { members, tasks };
  });
}

async function projectOf(db: mongo.Db, name: string, session: mongo.ClientSession): Promise<StoredProject> {
  const filter = /^[0-9a-f]{24}$/.test(name)
    ? { _id: new mongo.ObjectId(name) }
    : { key: name, deletedAt: null };
  const [project, ...others] = await db
    .collection<StoredProject>('projects')
    .find(filter, { session })
    .toArray();
  if (project === undefined) throw new Error(`There is no project with the key or id ${name}.`);
  if (others.length === 0) return project;
  const list = [project, ...others].map((one) => `  ${String(one._id)}  ${one.name}`);
  throw new Error([`Several projects have the key ${name}; name one by its id:`, ...list].join('\n'));
}
