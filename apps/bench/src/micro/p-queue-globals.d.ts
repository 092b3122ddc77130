/** p-queue's own types name this type of the browser's library, which is not loaded here. */
interface AddEventListenerOptions {
  readonly once?: boolean;
  readonly passive?: boolean;
  readonly signal?: AbortSignal;
}
