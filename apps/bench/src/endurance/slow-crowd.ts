import { openSlowSocket, slownesses } from './slow-socket.ts';

/** So many slow connections at once; what the server cuts off comes again. */
export interface SlowCrowd extends Disposable {
  /** Open right now. */
  readonly open: number;
  /** How often the server ended one. */
  readonly cutOff: number;
}

/** From how many loopback addresses they come; the good client has 127.0.0.1 for itself. */
const ADDRESSES = 50;
const AGAIN_MS = 100;

export function startSlowCrowd(port: number, size: number): SlowCrowd {
  const ends = new Map<number, () => void>();
  let open = 0;
  let cutOff = 0;
  let running = true;

  function join(index: number): void {
    if (!running) return;
    let opened = false;
    const end = openSlowSocket({
      port,
      localAddress: `127.0.0.${2 + (index % ADDRESSES)}`,
      slowness: slownesses[index % slownesses.length] ?? 'silent',
      onOpen() {
        opened = true;
        open += 1;
      },
      onClose() {
        if (opened) open -= 1;
        cutOff += 1;
        setTimeout(() => join(index), AGAIN_MS);
      },
    });
    ends.set(index, end);
  }

  for (let index = 0; index < size; index += 1) join(index);
  return {
    get open() {
      return open;
    },
    get cutOff() {
      return cutOff;
    },
    [Symbol.dispose]() {
      running = false;
      for (const end of ends.values()) end();
    },
  };
}
