import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

interface Example {
  /** Of the fence's opening line, from 1. */
  readonly line: number;
  readonly code: string;
}

const EXAMPLE_TIMEOUT_MS = 15_000;

/**
 * Runs each ```ts block of a README in a process of its own, one after the other, with the README's folder as working directory and the packages' sources
 * in place of their builds. Rejects with the output of the first one that fails or takes longer than 15 s, and when there is no block at all.
 */
export async function runReadmeExamples(readmePath: string): Promise<void> {
  const examples = examplesOf(readFileSync(readmePath, 'utf8'));
  if (examples.length === 0) throw new Error(`${readmePath}: no \`\`\`ts block to run`);
  for (const example of examples) await runExample(readmePath, example);
}

export function examplesOf(markdown: string): Example[] {
  const examples: Example[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i += 1) {
    if (lines[i]?.trim() !== '```ts') continue;
    const end = lines.indexOf('```', i + 1);
    if (end === -1) throw new Error(`line ${i + 1}: this \`\`\`ts block is never closed`);
    examples.push({ line: i + 1, code: lines.slice(i + 1, end).join('\n') });
    i = end;
  }
  return examples;
}

async function runExample(readmePath: string, { line, code }: Example): Promise<void> {
  const packageDir = dirname(readmePath);
  const path = join(packageDir, '.test', 'readme', `${basename(readmePath)}.${line}.ts`);
  mkdirSync(dirname(path), { recursive: true });
  // As many empty lines before it as in the README, so that a stack trace names the README's line.
  writeFileSync(path, '\n'.repeat(line) + code);
  const { status, output } = await run(path, packageDir);
  if (status !== 0) throw new Error(`${readmePath}:${line}: the example ended with ${status}\n${output}`);
  rmSync(path);
}

function run(path: string, cwd: string): Promise<{ status: number | NodeJS.Signals | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--conditions=@product-updates/source', path], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: EXAMPLE_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ status: code ?? signal, output }));
  });
}
