/** A `RangeError` unless `value` is a whole number of at least 1. */
export function wholeNumberFault(name: string, value: number): RangeError | undefined {
  if (Number.isSafeInteger(value) && value >= 1) return undefined;
  return new RangeError(`${name} is a whole number of at least 1, not ${value}`);
}
