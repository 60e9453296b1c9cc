import { TicketModel } from './ticket.model.ts';

/** Every stored kind of this feature, for migrations. */
export const changeModels = [TicketModel];

export { changeRoutes } from './change.routes.ts';
export { makeStreams } from './streams.service.ts';
export { redeemTicket } from './ticket.service.ts';
