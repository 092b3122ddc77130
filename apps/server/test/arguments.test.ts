import { expect } from 'chai';
import { readCommand } from '../src/arguments.ts';

describe('arguments', () => {
  for (const [line, command] of [
    ['', { name: 'serve' }],
    ['--help', { name: 'help' }],
    ['-h', { name: 'help' }],
    ['--version --help', { name: 'help' }],
    ['--version', { name: 'version' }],
    ['migrate --help', { name: 'migrate-help' }],
    ['migrate -h', { name: 'migrate-help' }],
    ['migrate down 3 --yes -h', { name: 'migrate-help' }],
    ['--help migrate', { name: 'migrate-help' }],
    ['migrate', { name: 'migrate', direction: 'up', count: undefined, yes: false }],
    ['migrate up 1', { name: 'migrate', direction: 'up', count: 1, yes: false }],
    ['migrate down', { name: 'migrate', direction: 'down', count: undefined, yes: false }],
    ['migrate down --yes', { name: 'migrate', direction: 'down', count: undefined, yes: true }],
    ['migrate --yes down 12', { name: 'migrate', direction: 'down', count: 12, yes: true }],
  ] as const) {
    it(`ask for something: ${line || 'none'}`, () => {
      expect(readCommand(line.split(' ').filter(Boolean))).to.deep.equal(command);
    });
  }

  for (const [line, why] of [
    ['serve', 'unknown argument "serve"; known: migrate, --version, --help, -h'],
    ['--port=80', 'unknown argument "--port=80"; known: migrate, --version, --help, -h'],
    ['--help more', 'unknown argument "more"; known: migrate, --version, --help, -h'],
    ['--help --port', 'unknown argument "--port"; known: migrate, --version, --help, -h'],
    ['-', 'unknown argument "-"; known: migrate, --version, --help, -h'],
    ['--yes', 'unknown argument "--yes"; known: migrate, --version, --help, -h'],
    ['migrate --version', 'unknown argument "--version"; known: up [n], down [n], --yes, --help, -h'],
    ['migrate down -1', 'unknown argument "-1"; known: up [n], down [n], --yes, --help, -h'],
    ['migrate down --force', 'unknown argument "--force"; known: up [n], down [n], --yes, --help, -h'],
    ['migrate sideways', 'unknown arguments "sideways"; known: migrate [up [n] | down [n] [--yes]]'],
    ['migrate up 0', 'unknown arguments "up 0"; known: migrate [up [n] | down [n] [--yes]]'],
    ['migrate up 1 2', 'unknown arguments "up 1 2"; known: migrate [up [n] | down [n] [--yes]]'],
    ['migrate 3', 'unknown arguments "3"; known: migrate [up [n] | down [n] [--yes]]'],
  ] as const) {
    it(`are wrong: ${line}`, () => {
      expect(readCommand(line.split(' '))).to.deep.equal({ name: 'wrong', why });
    });
  }
});
