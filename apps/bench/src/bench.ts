import { durableParts, type DurablePart } from './durable/parts.ts';
import { runDurablePart } from './durable/run.ts';
import { overloadSection } from './endurance/overload.ts';
import { slowSocketsSection } from './endurance/slow-sockets.ts';
import { soakSection } from './endurance/soak.ts';
import { startSection } from './endurance/start.ts';
import { contestantsOf } from './http/contestants.ts';
import { runRounds } from './http/rounds.ts';
import { httpSection } from './http/section.ts';
import { startLoadGenerator, type LoadGenerator } from './load/load.ts';
import { suiteSection } from './micro/section.ts';
import { runSuiteApart } from './micro/suites.ts';
import type { Options, Part } from './options.ts';
import { findPinning, type Pinning } from './process/pinning.ts';
import { describeMachine } from './report/machine.ts';
import { renderSection, type Section } from './report/markdown.ts';

export interface Output {
  /** A finished piece of the report, in Markdown. */
  print(text: string): void;
  /** For whoever waits. */
  progress(text: string): void;
}

/** Runs the parts one after the other; rejects when one of them got an answer it must not get. */
export async function runBench(options: Options, output: Output): Promise<void> {
  const pinning = findPinning();
  await using load = startLoadGenerator(pinning.load);
  output.print(
    `# Benchmark\n\n${describeMachine(pinning)}${options.quick ? ' A quick run: no figure means anything.' : ''}`,
  );
  for (const part of options.parts) {
    output.progress(part);
    output.print(renderSection(await runPart(part, { options, pinning, load, output })));
  }
}

interface Context {
  readonly options: Options;
  readonly pinning: Pinning;
  readonly load: LoadGenerator;
  readonly output: Output;
}

async function runPart(part: Part, { options, pinning, load, output }: Context): Promise<Section> {
  const { quick, source, rounds } = options;
  const start = { source, core: pinning.server };
  const settleMs = quick ? 50 : 1000;
  const onRound = (round: number): void => output.progress(`round ${round} of ${rounds}`);
  // A store's own threads and processes are part of what is measured: they get what cores there are.
  if (isDurable(part)) return runDurablePart(part, load, { ...start, core: null, quick, rounds, onRound });
  switch (part) {
    case 'http': {
      const duration = quick ? { warmupMs: 30, durationMs: 100 } : { warmupMs: 4000, durationMs: 4000 };
      const contestants = contestantsOf(options.against, start);
      const onLeftOut = (what: string): void => output.progress(`left out: ${what}`);
      const followed = quick ? 5 : 500;
      return httpSection(await runRounds(load, { contestants, rounds, duration, followed, onRound, onLeftOut }));
    }
    case 'channel':
    case 'pool':
    case 'domain':
    case 'pipeline':
      return suiteSection(part, await runSuiteApart(part, { ...start, quick, rounds }));
    case 'start':
      return startSection({ ...start, settleMs, starts: quick ? 1 : 7 });
    case 'soak':
      return soakSection(load, { ...start, minutes: options.soakMinutes });
    case 'overload':
      return overloadSection(load, {
        ...start,
        settleMs,
        warmupMs: quick ? 100 : 10_000,
        durationMs: quick ? 200 : 60_000,
      });
    case 'slow-sockets':
      return slowSocketsSection(load, { ...start, sockets: options.slowSockets, durationMs: quick ? 200 : 20_000 });
  }
}

function isDurable(part: Part): part is DurablePart {
  return (durableParts as readonly Part[]).includes(part);
}
