export { presentEvent } from './activity.presenter.ts';
export { activityRoutes } from './activity.routes.ts';
export { peopleBehind, type People } from './people.queries.ts';
