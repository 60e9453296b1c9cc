export { catalog, type ProblemCode, type ProblemKind } from './catalog.ts';
export { Problem, type Fault, type ProblemDetails } from './problem.ts';
export { refuseChangedFields } from './read-only-fields.ts';
