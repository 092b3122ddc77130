/** Whether the long scale was asked for. */
const long = process.env['LONG'] !== undefined;

/** The count or the time of a test, by the scale that runs. */
export function scaled<T>(counts: { readonly quick: T; readonly long: T }): T {
  return long ? counts.long : counts.quick;
}
