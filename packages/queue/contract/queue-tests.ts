import { crashing } from './crashing.ts';
import { delivering } from './delivering.ts';
import { failing } from './failing.ts';
import { modelled } from './model.ts';
import { publishing } from './publishing.ts';
import { settling } from './settling.ts';
import type { QueueTest } from './subject.ts';

/** The whole suite, in the order of the requirements. */
export const queueTests: readonly QueueTest[] = [
  ...publishing,
  ...delivering,
  ...settling,
  ...crashing,
  ...failing,
  ...modelled,
].toSorted((a, b) => Number(a.id.slice(1)) - Number(b.id.slice(1)));
