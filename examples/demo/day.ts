import type { Api } from './api.ts';
import { gather, type Team } from './gather.ts';
import { importItems } from './import.ts';
import { boardWork, sharedEdit, writeCards } from './cards.ts';
import { findings, trashAndBack } from './lists.ts';
import { refusals, sessions } from './rights.ts';
import { snapshotOf, type State } from './state.ts';
import { plotOf } from './team.ts';
import type { WorkItem } from './work-items.ts';

/** Plays the whole day; gives what a later run can compare with. */
export async function playDay(api: Api, items: readonly WorkItem[]): Promise<State> {
  const team = await gather(api, plotOf(items));
  await importItems(api, team, items);
  const cards = await writeCards(api, team);
  await sharedEdit(api, team, cards);
  await boardWork(api, team, cards);
  await refusals(api, team, cards);
  const endedRefreshToken = await sessions(api, team);
  await findings(api, team, cards);
  await trashAndBack(api, team, cards);
  return { accounts: team.accounts, snapshots: await snapshots(api, team), endedRefreshToken };
}

const snapshots = (api: Api, team: Team) =>
  Promise.all(team.projects.map(({ id, owner }) => snapshotOf(api, team.token(owner), owner, id)));
