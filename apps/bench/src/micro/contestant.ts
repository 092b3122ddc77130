/** One way to do something, measured in things a second. */
export interface Contestant {
  readonly name: string;
  /** How many things one run does. */
  readonly items: number;
  /** Does them once, and answers how many arrived: a run that loses some is an error, not a fast run. */
  readonly run: () => Promise<number>;
}

/** How often each suite's contestants run, and on how much: `scale` 1 is the real thing, 0.01 shows that it works. */
export type Suite = (scale: number) => readonly Contestant[];
