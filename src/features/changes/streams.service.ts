import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isLive } from '../../access/index.ts';
import { forgetChanged, type Caches } from '../../caches.ts';
import type { Config } from '../../config/index.ts';
import { Problem } from '../../errors/index.ts';
import {
  accountIdOf,
  memberIdsOf,
  readLog,
  type CommittedEvent,
  type NumberedEvent,
} from '../../events/index.ts';
import type { ChangeStreams, Outlet, StreamOpening } from '../../ports/outlet.ts';
import type { Clock } from '../../ports/clock.ts';
import { peopleBehind, type People } from '../activity/index.ts';
import { presentChange } from './change.presenter.ts';
import { feedCursors, readFeed } from './change.queries.ts';
import { frameOf, heartbeat, resync, retryHint } from './frames.ts';
import { sightOf, type Sight } from './change-sight.ts';

/** What the streams work with. */
export interface StreamParts {
  config: Pick<Config, 'env' | 'streamHeartbeatMs' | 'streamsPerUser' | 'streamBufferKb'>;
  log: Logger;
  clock: Clock;
  caches: Caches;
  /** Whether revocations are heard of at once. */
  isFollowed(): boolean;
}

/** The streams of one process, with what drives them. */
export interface StreamHub extends ChangeStreams {
  /** A change of rights or sessions was committed. */
  committed(event: CommittedEvent): void;
  /** There may be newly numbered events. */
  moved(): void;
  /** Something may have happened unheard. */
  missed(): void;
  /** Ends all streams with a hint when to come back; opens no more. */
  end(): void;
  count(): number;
}

interface Stream extends StreamOpening {
  readonly outlet: Outlet;
  readonly cursor: (seq: number) => string;
  /** Which part of a heartbeat round it belongs to. */
  readonly turn: number;
  /** The number of the last event that was judged for it. */
  after: number;
  /** When its session must be looked at again although nothing was heard of it. */
  checkAt: Date;
  isOpen: boolean;
}

const readAtOnce = 100;
/** Streams written to before other work gets a chance. */
const sliceSize = 200;
const sweepMs = 500;
const heartbeatTurns = 10;
const catchUpPage = 200;
/** How long a client that is told to come back may take to hear it. */
const farewellMs = 5_000;
const stalledMs = 30_000;

/**
 * Carries what happens to whoever may see it: every new stretch of the log is read once and each entry written as
 * text once, however many streams there are. Whose streams an event goes to is judged when it is delivered.
 */
export function makeStreams({ config, log, clock, caches, isFollowed }: StreamParts): StreamHub {
  const all = new Set<Stream>();
  /** Those that have caught up, by user. */
  const live = new Map<string, Set<Stream>>();
  const perUser = new Map<string, number>();
  const mostBuffered = config.streamBufferKb * 1024;
  const isStrict = config.env === 'test' || config.env === 'development';
  /** The event being delivered, or delivered last. */
  let position = 0;
  /** The last event that every live stream has been given. */
  let settled = 0;
  let isEnding = false;
  let pumping: 'no' | 'yes' | 'again' = 'no';
  let isBehind = false;
  let opened = 0;
  const timers: NodeJS.Timeout[] = [];

  const admit = (opening: StreamOpening): ((outlet: Outlet) => void) => {
    if (isEnding)
      throw new Problem('server.busy', { detail: 'This server is stopping.', retryAfterSeconds: 1 });
    if ((perUser.get(opening.userId) ?? 0) >= config.streamsPerUser) {
      throw new Problem('events.too_many_streams', {
        detail: `At most ${String(config.streamsPerUser)} streams at once.`,
        retryAfterSeconds: 5,
      });
    }
    return (outlet) => {
      open(opening, outlet);
    };
  };

  const open = (opening: StreamOpening, outlet: Outlet): void => {
    const cursors = feedCursors(opening);
    opened += 1;
    const stream: Stream = {
      ...opening,
      outlet,
      cursor: cursors.write,
      turn: opened % heartbeatTurns,
      checkAt: new Date(0),
      isOpen: true,
    };
    all.add(stream);
    perUser.set(stream.userId, (perUser.get(stream.userId) ?? 0) + 1);
    outlet.onClose(() => {
      forget(stream);
    });
    startTimers();
    // The id without data lets a client that reconnects before the first entry go on from here.
    outlet.write(`${retryHint(1_000)}id: ${stream.cursor(stream.after)}\n\n`);
    void catchUp(stream).catch((err: unknown) => {
      log.debug({ err }, 'a stream could not catch up');
      // The client comes back with the id of the last entry it has.
      close(stream, retryHint(2_000));
    });
  };

  const forget = (stream: Stream): void => {
    if (!all.delete(stream)) return;
    stream.isOpen = false;
    const { userId } = stream;
    const mine = live.get(userId);
    mine?.delete(stream);
    if (mine?.size === 0) live.delete(userId);
    const count = (perUser.get(userId) ?? 1) - 1;
    if (count === 0) perUser.delete(userId);
    else perUser.set(userId, count);
    if (all.size === 0) stopTimers();
  };

  /** Ends a stream after its last words; one that does not listen is cut. */
  const close = (stream: Stream, lastWords: string): void => {
    if (!stream.isOpen) return;
    forget(stream);
    stream.outlet.write(lastWords);
    stream.outlet.end();
    setTimeout(() => {
      stream.outlet.destroy();
    }, farewellMs).unref();
  };

  const write = (stream: Stream, text: string): void => {
    if (stream.outlet.buffered() > mostBuffered) close(stream, resync('slow'));
    else stream.outlet.write(text);
  };

  /** Reads what the client missed, then joins the live ones in the moment when nothing lies between. */
  const catchUp = async (stream: Stream): Promise<void> => {
    while (stream.isOpen) {
      const { userId, projectId, after, outlet } = stream;
      const page = await readFeed({ userId, projectId }, caches, { after, limit: catchUpPage });
      for (const entry of page.entries)
        outlet.write(`id: ${stream.cursor(entry.seq)}\n${frameOf(entry, isStrict)}`);
      stream.after = page.next;
      if (outlet.buffered() > mostBuffered) {
        await Promise.race([outlet.drained(), sleep(stalledMs, undefined, { ref: false })]);
        if (outlet.buffered() > mostBuffered) {
          close(stream, resync('slow'));
          return;
        }
      }
      if (page.hasMore) continue;
      if (live.size === 0 && pumping === 'no') position = settled = page.next;
      if (stream.after < position) continue;
      join(stream);
      return;
    }
  };

  const join = (stream: Stream): void => {
    if (!stream.isOpen) return;
    const mine = live.get(stream.userId);
    if (mine === undefined) live.set(stream.userId, new Set([stream]));
    else mine.add(stream);
    moved();
  };

  const moved = (): void => {
    if (live.size === 0) return;
    if (pumping !== 'no') {
      pumping = 'again';
      return;
    }
    pumping = 'yes';
    void pump()
      .catch((err: unknown) => {
        log.debug({ err }, 'the log could not be read for the streams');
        isBehind = true;
      })
      .finally(() => {
        const again = pumping === 'again' && !isBehind;
        pumping = 'no';
        if (again) moved();
      });
  };

  const pump = async (): Promise<void> => {
    while (live.size > 0) {
      const events = await readLog({ after: position, limit: readAtOnce });
      if (events.length === 0) return;
      const people = await peopleBehind(events);
      for (const event of events) await deliver(event, people);
    }
  };

  const deliver = async (event: NumberedEvent, people: People): Promise<void> => {
    // The event may be here before the watch has told of it.
    forgetChanged(caches, event);
    const { projectId, subject } = event;
    const project = projectId === null ? null : await caches.projects.get(projectId.toHexString());
    const members = new Set(project?.members.map(({ userId }) => userId.toHexString()));
    const concerned = new Set([
      ...members,
      ...memberIdsOf(event),
      ...(subject.type === 'task' ? [] : [subject.id]),
    ]);
    const texts = new Map<Sight, string>();
    const recipients = [...concerned].flatMap((userId) => {
      const streams = live.get(userId);
      if (streams === undefined) return [];
      const sight = sightOf(event, userId, members.has(userId));
      if (sight === undefined) return [];
      if (!texts.has(sight)) texts.set(sight, frameOf(presentChange(event, sight, people), isStrict));
      return [...streams].map((stream) => ({ stream, text: texts.get(sight) ?? '' }));
    });
    // From here on a stream that joins has read this event itself.
    position = event.seq;
    for (const [index, { stream, text }] of recipients.entries()) {
      if (index > 0 && index % sliceSize === 0) await immediate();
      if (!stream.isOpen || stream.after >= event.seq) continue;
      stream.after = event.seq;
      if (stream.projectId !== undefined && stream.projectId !== projectId?.toHexString()) continue;
      write(stream, `id: ${stream.cursor(event.seq)}\n${text}`);
    }
    settled = event.seq;
  };

  /** Ends the stream when its session no longer counts. While the database is away nobody is sent home. */
  const recheck = async (stream: Stream): Promise<void> => {
    const session = await caches.sessions.get(stream.sessionId);
    if (isLive(session, stream.userId, clock.now())) stream.checkAt = session.expiresAt;
    else close(stream, retryHint(1_000));
  };
  const recheckAll = async (streams: Iterable<Stream>): Promise<void> => {
    await Promise.all([...streams].map((stream) => recheck(stream).catch(() => undefined)));
  };
  const ofUser = (userId: string): Stream[] => [...all].filter((stream) => stream.userId === userId);

  /** Finds sessions that expired by time, and all ended ones while the log is not followed. */
  let isSweeping = false;
  const sweep = (): void => {
    if (isBehind) {
      isBehind = false;
      moved();
    }
    if (isSweeping) return;
    isSweeping = true;
    const now = clock.now();
    const due = isFollowed() ? [...all].filter(({ checkAt }) => checkAt <= now) : all;
    void recheckAll(due).finally(() => {
      isSweeping = false;
    });
  };

  let round = 0;
  const beat = (): void => {
    round = (round + 1) % heartbeatTurns;
    for (const stream of all) {
      if (stream.turn !== round) continue;
      const isLiveNow = live.get(stream.userId)?.has(stream) === true;
      const known = isLiveNow ? Math.max(stream.after, settled) : stream.after;
      write(stream, heartbeat(stream.cursor(known)));
    }
  };

  const startTimers = (): void => {
    if (timers.length > 0) return;
    timers.push(setInterval(sweep, sweepMs), setInterval(beat, config.streamHeartbeatMs / heartbeatTurns));
    for (const timer of timers) timer.unref();
  };
  const stopTimers = (): void => {
    for (const timer of timers.splice(0)) clearInterval(timer);
  };

  return {
    admit,
    moved,
    committed: (event) => {
      const userId = all.size === 0 ? undefined : accountIdOf(event);
      if (userId !== undefined) void recheckAll(ofUser(userId));
    },
    missed: () => {
      void recheckAll(all);
    },
    end: () => {
      isEnding = true;
      // Not all at the same moment: they come back to other processes.
      for (const stream of [...all]) close(stream, retryHint(500 + Math.random() * 2_500));
    },
    count: () => all.size,
  };
}
