/** Stop waiting when the signal fires: the wait rejects with the signal's reason, and nothing that was on its way is lost. */
export interface Abortable {
  readonly signal?: AbortSignal | undefined;
}
