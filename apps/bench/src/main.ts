/** `npm run bench`: runs the parts that are asked for and prints them as Markdown. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { runBench } from './bench.ts';
import { readOptions, usage, type Options } from './options.ts';

function optionsOrExit(): Options {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    process.stdout.write(usage);
    process.exit(0);
  }
  try {
    return readOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(1);
  }
}

const options = optionsOrExit();
const texts: string[] = [];
await runBench(options, {
  print(text) {
    texts.push(text);
    process.stdout.write(`${text}\n\n`);
  },
  progress: (text) => process.stderr.write(`… ${text}\n`),
});
if (options.out !== undefined) {
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${texts.join('\n\n')}\n`);
}
