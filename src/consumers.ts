import { follow, type Follower } from './events/follow.ts';
import { unassignWhoIsGone } from './features/tasks/index.ts';

/** Who follows the log, one line each; the ones who announce do not know. */
export const consumers: readonly Follower[] = [
  follow('unassign-removed-members', {
    on: [
      'member.removed',
      'task.created',
      'task.assigned',
      'task.updated',
      'task.moved',
      'task.reopened',
      'task.restored',
    ],
    from: 'start',
    handle: unassignWhoIsGone,
  }),
];
