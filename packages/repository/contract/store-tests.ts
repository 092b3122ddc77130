import { concurrencyTests } from './concurrency.ts';
import { crashTests } from './crashes.ts';
import { deadLetterTests } from './dead-letters.ts';
import { failoverTests } from './failovers.ts';
import { lifeTests } from './life.ts';
import { mergingTests } from './merging.ts';
import { modelBasedTests } from './model-based.ts';
import { outageTests } from './outages.ts';
import { shufflingTests } from './shuffling.ts';
import { unholdableTests } from './unholdable.ts';
import type { StoreTest } from './subject.ts';
import { valueTests } from './values.ts';

/** The whole suite, in the order of its ids. */
export const storeTests: readonly StoreTest[] = [
  ...mergingTests,
  ...shufflingTests,
  ...concurrencyTests,
  ...valueTests,
  ...deadLetterTests,
  ...lifeTests,
  ...modelBasedTests,
  ...outageTests,
  ...crashTests,
  ...failoverTests,
  ...unholdableTests,
].toSorted((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
