import { endpoint, streamEndpoint, type Endpoint } from '../../http/endpoint.ts';
import * as changes from './change.controller.ts';
import { ChangePage, ChangeQuery, StreamQuery, StreamText, Ticket } from './change.schema.ts';

const tags = ['What happened'] as const;

const feed = `Oldest first, in the one order of everything that happened, by your rights of now. Ask again with \`nextCursor\` as \`since\` for what comes later: it is there on every page, also an empty one. To mirror something: take a cursor with \`since=now\`, load the lists, then follow.

\`access.granted\`: a project came into your sight, load it. \`access.revoked\`: it went out of your sight, forget it and its tasks. \`deleted: true\`: forget the subject. Your own account's events (\`user.*\`) come along when no \`projectId\` is given.

A page may be short or empty although \`hasMore\` is true. When the cursor is older than what is kept the answer is 410 \`changes.expired\`.`;

const stream = `The entries of \`GET /changes\` as they happen, as Server-Sent Events: \`event: change\`, \`data\`: a \`Change\`, \`id\`: its cursor. It begins now, or after \`Last-Event-ID\`, without gap or repetition. What you may see is judged for every entry when it is sent; after \`access.revoked\` nothing more of that project comes. The stream ends within a second when the session does.

A browser's EventSource sends no header: ask for a ticket and give it as \`ticket\`. When it has to come back after a while it needs a new ticket, and the last id it saw as \`lastEventId\`. \`event: resync\` says that the client was too slow: come back with the last id.`;

/** The feed and the stream of everything the caller can see. */
export const changeRoutes: readonly Endpoint[] = [
  endpoint(
    'get',
    '/changes',
    {
      id: 'listChanges',
      summary: 'List what happened since',
      description: feed,
      access: 'signed-in',
      tags,
      query: ChangeQuery,
      responses: { 200: ChangePage },
      problems: ['project.not_found', 'request.invalid_cursor', 'changes.expired'],
    },
    changes.list,
  ),
  endpoint(
    'post',
    '/events/ticket',
    {
      id: 'issueEventTicket',
      summary: 'Get a ticket for a stream',
      description: 'It opens one stream in the name of this session, within 30 seconds, without a token.',
      access: 'signed-in',
      tags,
      answersSecrets: true,
      responses: { 201: Ticket },
      problems: [],
    },
    changes.ticket,
  ),
  streamEndpoint(
    '/events',
    {
      id: 'readEvents',
      summary: 'Follow what happens',
      description: stream,
      access: 'signed-in',
      tags,
      query: StreamQuery,
      streams: true,
      responses: { 200: StreamText },
      problems: [
        'auth.invalid_ticket',
        'project.not_found',
        'request.invalid_cursor',
        'changes.expired',
        'events.too_many_streams',
      ],
    },
    changes.stream,
  ),
];
